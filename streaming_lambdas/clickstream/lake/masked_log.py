"""Generations of the masked tables, the log of them, and which of their partitions have work.

    masked_events/dt=2026-11-21/hour=9/g=000002-000005-01-<run>/part-0.parquet     immutable
    _masked_events_commits/dt=2026-11-21/hour=9/00000002.json                      its commit

A folder's name says its own number, the generation of the origin that it copies, and the version of the rules. So three
listings say what has work: the origin's commits, the masked commits and the catalog. Whatever makes a new generation of
the origin, compaction, erasure, rollback or replay, makes the partition unfinished; nothing else does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from clickstream.lake import generations, session_log
from clickstream.lake.catalog import uri
from clickstream.lake.commit_log import CommitLog, partition_in
from clickstream.lake.generations import Generation, number_in
from clickstream.lake.masking import MASKINGS, RULES, Masking
from clickstream.lake.purges import number_of
from clickstream.lake.session_log import SessionGeneration
from clickstream.lake.table_log import MadeGeneration, TableLog, data_folder
from clickstream.lake.work import Lake
from clickstream.ports import Bucket
from clickstream.tables import RAW_EVENTS, SESSIONS

_LOGS: dict[str, CommitLog[Generation] | CommitLog[SessionGeneration]] = {
    RAW_EVENTS.name: generations.LOG,
    SESSIONS.name: session_log.LOG,
}


class MaskedGeneration(MadeGeneration, frozen=True, kw_only=True):
    """One state of one partition of a masked table."""

    table: str
    partition: str
    """`2026-11-21T09`, or `2026-11-21` of sessions."""
    source: int
    """Generation of the origin that was copied."""
    rules: int
    """Version of the masking."""
    rows: int

    @property
    def key(self) -> str:
        """Key of the commit."""
        return log_of(self.table).key(self.partition, self.generation)

    @property
    def folder(self) -> str:
        """Prefix of the data files: what the catalog points to."""
        rest = f"{self.source:06}-{self.rules:02}-{self.run_id}"
        return data_folder(self.table, self.partition, self.generation, rest)


@dataclass(frozen=True)
class Plan:
    """A partition with work.

    Attributes:
        masking: Of which table.
        partition: `2026-11-21T09`, or a date.
        source: Key of the origin's newest commit.
        number: Of the newest masked generation; 0 for none.
        is_current: The newest masked generation is a copy of that origin, and only the pointer is wrong.
    """

    masking: Masking
    partition: str
    source: str
    number: int
    is_current: bool


def log_of(table: str) -> TableLog[MaskedGeneration]:
    """The commits of a masked table."""
    return TableLog(f"_{table}_commits", MaskedGeneration, table)


def first_of(lake: Lake, masking: Masking) -> str:
    """The first partition that is not past its retention."""
    return lake.first_hour if masking.origin is RAW_EVENTS else lake.first_date


def origin_of(bucket: Bucket, plan: Plan) -> Generation | SessionGeneration:
    """The origin's generation that the plan names."""
    return _LOGS[plan.masking.origin.name].read(bucket, plan.source)


def outliving(bucket: Bucket) -> Iterator[str]:
    """Masked files whose origin was replaced and is gone: only there somebody may be left who was erased from it."""
    for masking in MASKINGS:
        masked = [entry.key for entry in bucket.list(f"{masking.target.name}/")]
        if not masked:
            continue
        newest = {hour: number_in(key) for hour, key in _LOGS[masking.origin.name].newest_keys(bucket).items()}
        alive = {(partition_in(e.key), number_of(e.key)) for e in bucket.list(f"{masking.origin.name}/")}
        for key in masked:
            partition, source = partition_in(key), int(key.split("/g=")[1].split("-")[1])
            if source != newest.get(partition) and (partition, source) not in alive:
                yield key


def unfinished_partitions(lake: Lake, masking: Masking) -> list[Plan]:
    """Every partition with something to do, oldest first; none that is past its retention.

    The masked commits are listed before those of the origin: a run that was overtaken in between then fails to commit
    its number, so that no older copy ever follows a newer one.
    """
    seen = _look(lake, masking.target.name)
    first = first_of(lake, masking)
    origins = _LOGS[masking.origin.name].newest_keys(lake.bucket)
    plans = (
        _plan(lake.bucket, masking, seen, partition, origins[partition])
        for partition in sorted(origins)
        if partition >= first
    )
    return [plan for plan in plans if plan]


@dataclass(frozen=True)
class _Seen:
    """What listings say of a masked table: newest commits, folders with files, and where the catalog points."""

    commits: dict[str, str]
    folders: set[str]
    pointed: dict[str, str]


def _look(lake: Lake, table: str) -> _Seen:
    start, log = uri(lake.bucket, ""), log_of(table)
    return _Seen(
        log.newest_keys(lake.bucket),
        {entry.key.rpartition("/")[0] + "/" for entry in lake.bucket.list(f"{table}/")},
        {partition: location.removeprefix(start) for partition, location in log.pointers(lake).items()},
    )


def _plan(bucket: Bucket, masking: Masking, seen: _Seen, partition: str, source: str) -> Plan | None:
    """What there is to do in a partition. A commit is read only where names do not say that all is well."""
    number, wanted = number_in(seen.commits.get(partition)) or 0, number_in(source)
    pointed = seen.pointed.get(partition, "")
    if pointed in seen.folders and f"/g={number:06}-{wanted:06}-{RULES:02}-" in pointed:
        return None
    log = log_of(masking.target.name)
    newest = log.read(bucket, seen.commits[partition]) if number else None
    is_copy = newest is not None and (newest.source, newest.rules) == (wanted, RULES)
    is_current = newest is not None and is_copy and (newest.folder in seen.folders or not newest.rows)
    if newest and is_current and pointed == newest.folder:
        return None
    return Plan(masking, partition, source, number, is_current)
