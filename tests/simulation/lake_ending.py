"""The end of a simulated lake: two runs without faults, then the graces, and what must be there and what must not."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.lake.erasure_requests import open_requests
from clickstream.lake.generations import Generation, OutputFile, lake_commits
from clickstream.lake.identities import index_key
from clickstream.lake.masked_log import log_of, outliving, unfinished_partitions
from clickstream.lake.masking import EVENTS, MASKINGS, VISITS, Masking, salt_of
from clickstream.lake.score_log import LOG as SCORE_LOG
from clickstream.lake.score_log import unscored_dates
from clickstream.lake.session_log import LOG, unfinished_dates
from clickstream.lake.table_log import MadeGeneration
from clickstream.lake.work import Lake, unfinished
from clickstream.ports import Bucket
from clickstream.tables import (
    IDENTITIES_PREFIX,
    LANDING_PREFIX,
    MASKED_TABLES,
    PURGES_PREFIX,
    QUARANTINE_PREFIX,
    RAW_EVENTS,
    RESULTS_PREFIX,
    SESSION_SCORES,
    SESSIONS,
)
from tests.simulation import lake_jobs
from tests.simulation.erasure_world import CANARY, PERSON, SESSION, traces_of
from tests.simulation.fake_lake import rows_under, visible
from tests.simulation.score_lake import scores_seen, scores_wanted
from tests.simulation.session_lake import RULES, at_once
from tests.simulation.session_lake import visible as seen

if TYPE_CHECKING:
    from tests.simulation.lake_world import LakeWorld

GRACES = timedelta(days=9)
"""Longer than any file may stay that nothing refers to."""
_FILES = (
    *(LANDING_PREFIX, RAW_EVENTS.name, QUARANTINE_PREFIX, IDENTITIES_PREFIX, PURGES_PREFIX, SESSIONS.name),
    *(SESSION_SCORES.name, *(table.name for table in MASKED_TABLES)),
)
"""Prefixes in which garbage may gather; the others hold logs."""


def settle(world: "LakeWorld") -> None:
    """Two runs of every job leave nothing to do, and later ones no garbage.

    The first run after a grace may make an hour anew whose numbers a dead rollback holds; the files that this replaces
    go a grace later, and those of the sessions that are built of it another.
    """
    while world.gate.late:
        world.gate.land(world.random)
    world.watch.read(world.catalog, world.bucket)
    lake_jobs.decide(world.places)
    for _ in range(2):
        rerun(world)
    world.watch.problems += left_undone(world)
    for _ in range(3):
        world.now = world.bucket.now = world.now + GRACES
        expire(world.bucket)
        rerun(world)
    world.watch.read(world.catalog, world.bucket)
    world.watch.problems += [
        *missed(world),
        *garbage(world.places.lake),
        *wrong_copies(world),
        *(wrong_scores(world.places.lake) if lake_jobs.scores in world.options.jobs else ()),
        *wrong_sums(world.places.lake),
    ]
    world.contained["generations"] += len(world.watch.states)
    world.contained["reads"] += world.watch.reads
    world.contained["pointers written back"] += world.watch.step_backs


def rerun(world: "LakeWorld") -> None:
    """Every job once that brings the lake to rest."""
    for job in (lake_jobs.erasure, lake_jobs.compact, lake_jobs.sessions, lake_jobs.scores, lake_jobs.mask):
        if job is lake_jobs.compact or job in world.options.jobs:
            job(world.places, Random(0))  # noqa: S311  a schedule, no secret


def expire(bucket: Bucket) -> None:
    """Answers of queries leave by their age, which is less than the graces."""
    for entry in bucket.list(f"{RESULTS_PREFIX}/"):
        bucket.delete(entry.key)


def left_undone(world: "LakeWorld") -> Iterator[str]:
    """Whatever two runs have not brought to rest."""
    lake = world.places.lake
    yield from (f"{hour} is still unfinished after two runs" for hour in unfinished(lake, lake.ledger.hours()))
    if lake_jobs.sessions in world.options.jobs:
        yield from (f"the sessions of {plan.date} are still unfinished" for plan in unfinished_dates(lake, RULES))
        if seen(lake) != at_once(lake):
            yield "the sessions are not those of one full rebuild"
    if lake_jobs.scores in world.options.jobs:
        yield from (f"the scores of {plan.date} are still unfinished" for plan in unscored_dates(lake))
        yield from wrong_scores(lake)


def wrong_scores(lake: Lake) -> Iterator[str]:
    """Sessions of what readers see that are not scored exactly once, by all their events."""
    found, wanted = Counter(scores_seen(lake)), Counter(scores_wanted(lake))
    if found != wanted:
        yield f"scores lack {dict(wanted - found)}, and have {dict(found - wanted)}"


def wrong_copies(world: "LakeWorld") -> Iterator[str]:
    """Masked hours that are no copy of what readers see, and files that outlive what they were made of."""
    if lake_jobs.mask not in world.options.jobs:
        return
    lake = world.places.lake
    yield from (f"{plan.partition} is not masked" for one in MASKINGS for plan in unfinished_partitions(lake, one))
    yield from (f"{key} outlives its origin" for key in outliving(lake.bucket))
    origins = {found.hour: found.outputs for found in lake_commits(lake.bucket)}
    yield from _other_rows(lake, EVENTS, origins)
    origins = {day: found.outputs for day, found in LOG.newest_of_each(lake.bucket).items()}
    yield from _other_rows(lake, VISITS, origins)


def _other_rows(lake: Lake, masking: Masking, origins: Mapping[str, tuple[OutputFile, ...]]) -> Iterator[str]:
    """Partitions in which readers see other rows than the masks of the origin's."""
    folders = {found.hour: found.location.split("/", 3)[3] for found in lake.catalog.list(masking.target.name)}
    for partition, outputs in origins.items():
        salt = salt_of(lake.bucket, partition.partition("T")[0])
        files = [pq.read_table(pa.BufferReader(lake.bucket.get(output.key))) for output in outputs]
        wanted = [row for file in files for row in masking.apply(file, salt).to_pylist()]
        if rows_under(lake.bucket, folders.get(partition, "nowhere/")) != wanted:
            yield f"{masking.target.name} of {partition} is no copy of what it is made of"


def missed(world: "LakeWorld") -> Iterator[str]:
    """Events that a query does not find exactly once, and traces of whoever was erased."""
    found = visible(world.places.lake)
    landed = {name for ids in world.watch.landed.values() for name in ids}
    wanted = Counter({name: 1 for name in landed if not (world.asked and name.startswith("c"))})
    if found != wanted:
        yield f"lost {dict(wanted - found)}, too many {dict(found - wanted)}"
    if world.asked:
        yield from (f"{key} names the erased" for key in traces_of(world.places, CANARY, PERSON, SESSION))
        yield from (f"request {request.request_id} is still open" for request in open_requests(world.places.requests))


def garbage(lake: Lake) -> Iterator[str]:
    """Files that nothing refers to after every grace."""
    known = {key for found in lake_commits(lake.bucket) for key in _named(found)}
    made: list[MadeGeneration] = []
    made += [*LOG.newest_of_each(lake.bucket).values(), *SCORE_LOG.newest_of_each(lake.bucket).values()]
    for table in MASKED_TABLES:
        made += log_of(table.name).newest_of_each(lake.bucket).values()
    known |= {output.key for found in made for output in found.outputs}
    for prefix in _FILES:
        yield from (f"{entry.key} is left over" for entry in lake.bucket.list(f"{prefix}/") if entry.key not in known)


def _named(found: Generation) -> list[str]:
    return [*(output.key for output in found.outputs), *found.quarantine, *found.unreadable, index_key(found)]


def wrong_sums(lake: Lake) -> Iterator[str]:
    """Hours whose books do not balance, or into which a row came twice."""
    for found in lake_commits(lake.bucket):
        if found.landed != found.rows + found.duplicates + found.quarantined + found.erased + found.redelivered:
            yield f"{found.hour} does not add up: {found}"
        if found.redelivered:
            yield f"{found.hour} was given {found.redelivered} rows twice"
