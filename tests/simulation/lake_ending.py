"""The end of a simulated lake: two runs without faults, then the graces, and what must be there and what must not."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from clickstream.lake.erasure_requests import open_requests
from clickstream.lake.generations import Generation, lake_commits
from clickstream.lake.identities import index_key
from clickstream.lake.masked_log import log_of, outliving, unfinished_partitions
from clickstream.lake.masking import MASKINGS
from clickstream.lake.session_log import LOG, unfinished_dates
from clickstream.lake.work import Lake, unfinished
from clickstream.tables import (
    IDENTITIES_PREFIX,
    LANDING_PREFIX,
    MASKED_EVENTS,
    MASKED_TABLES,
    PURGES_PREFIX,
    QUARANTINE_PREFIX,
    RAW_EVENTS,
    SESSIONS,
)
from tests.simulation import lake_jobs
from tests.simulation.erasure_world import CANARY, PERSON, SESSION, traces_of
from tests.simulation.fake_lake import visible
from tests.simulation.session_lake import RULES, at_once
from tests.simulation.session_lake import visible as seen

if TYPE_CHECKING:
    from tests.simulation.lake_world import LakeWorld

GRACES = timedelta(days=9)
"""Longer than any file may stay that nothing refers to."""
_FILES = (
    *(LANDING_PREFIX, RAW_EVENTS.name, QUARANTINE_PREFIX, IDENTITIES_PREFIX, PURGES_PREFIX, SESSIONS.name),
    *(table.name for table in MASKED_TABLES),
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
        rerun(world)
    world.watch.read(world.catalog, world.bucket)
    world.watch.problems += [
        *missed(world),
        *garbage(world.places.lake),
        *wrong_copies(world),
        *wrong_sums(world.places.lake),
    ]
    world.contained["generations"] += len(world.watch.states)
    world.contained["reads"] += world.watch.reads
    world.contained["pointers written back"] += world.watch.step_backs


def rerun(world: "LakeWorld") -> None:
    """Every job once that brings the lake to rest."""
    for job in (lake_jobs.erasure, lake_jobs.compact, lake_jobs.sessions, lake_jobs.mask):
        if job is lake_jobs.compact or job in world.options.jobs:
            job(world.places, Random(0))  # noqa: S311  a schedule, no secret


def left_undone(world: "LakeWorld") -> Iterator[str]:
    """Whatever two runs have not brought to rest."""
    lake = world.places.lake
    yield from (f"{hour} is still unfinished after two runs" for hour in unfinished(lake, lake.ledger.hours()))
    if lake_jobs.sessions in world.options.jobs:
        yield from (f"the sessions of {plan.date} are still unfinished" for plan in unfinished_dates(lake, RULES))
        if seen(lake) != at_once(lake):
            yield "the sessions are not those of one full rebuild"


def wrong_copies(world: "LakeWorld") -> Iterator[str]:
    """Masked hours that are no copy of what readers see, and files that outlive what they were made of."""
    if lake_jobs.mask not in world.options.jobs:
        return
    lake = world.places.lake
    yield from (f"{plan.partition} is not masked" for one in MASKINGS for plan in unfinished_partitions(lake, one))
    yield from (f"{key} outlives its origin" for key in outliving(lake.bucket))
    for found in lake_commits(lake.bucket):
        copy = log_of(MASKED_EVENTS.name).newest(lake.bucket, found.hour)
        if copy is None or (copy.source, copy.rows) != (found.generation, found.rows):
            yield f"{found.hour} has another copy: {copy}"


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
    for key in LOG.newest_keys(lake.bucket).values():
        known |= {output.key for output in LOG.read(lake.bucket, key).outputs}
    for log in (log_of(table.name) for table in MASKED_TABLES):
        known |= {
            output.key for key in log.newest_keys(lake.bucket).values() for output in log.read(lake.bucket, key).outputs
        }
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
