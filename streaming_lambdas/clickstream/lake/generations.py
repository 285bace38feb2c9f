"""Generations: the immutable states of one received hour of `raw_events`, and the log that says which is the newest."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from clickstream.lake.commit_log import CommitLog, partition_in
from clickstream.ports import Bucket
from clickstream.tables import COMMITS_PREFIX, CONFIRMATIONS_PREFIX, RAW_EVENTS, hour_folder, hour_text


class OutputFile(msgspec.Struct, frozen=True):
    """One data file of a generation."""

    key: str
    rows: int
    bytes: int


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """One state of a received hour. Counts are cumulative over all inputs that the hour ever had.

    `landed = rows + duplicates + quarantined + erased + redelivered`, always.
    """

    generation: int
    """1 for the first."""
    run_id: str
    hour: str
    """`2026-11-21T09`, UTC, of received_time."""
    inputs: tuple[str, ...]
    """Keys of every landing object that the rows come from, sorted."""
    outputs: tuple[OutputFile, ...]
    quarantine: tuple[str, ...] = ()
    """Keys of the files with the quarantined rows."""
    unreadable: dict[str, int] = {}
    """Copies, in quarantine, of the inputs that could not be read, and the rows that the ledger says they hold."""
    landed: int
    """Rows of the inputs, from their footers; of unreadable ones, from the ledger."""
    rows: int
    redelivered: int
    """Rows whose position was there already. The stream protocol makes this 0."""
    duplicates: int
    """Rows whose event_id was there already, here or in the hour before, with the same content."""
    quarantined: int
    """Rows whose event_id was there already with other content, and those of unreadable inputs."""
    erased: int
    rows_per_event_date: dict[str, int]
    """`{"2026-11-21": 12}`: where late events are found."""
    previous_generation: int | None
    """Generation of the hour before that ids were yielded to; None if it had none."""
    written_time: datetime
    code_version: str
    tombstones: int = 0
    """Nobody of the tombstones up to this number has rows in it."""
    origin: str = ""
    """What it was made of, if not of the generation before it and new inputs: `generation 3`, `replay 5d0c…`."""

    @property
    def key(self) -> str:
        """Key of the commit."""
        return commit_key(self.hour, self.generation)

    @property
    def folder(self) -> str:
        """Prefix of the data files: what the catalog points to."""
        return data_folder(self.hour, self.generation, self.run_id)

    @property
    def set_aside(self) -> list[str]:
        """The copies in quarantine of the inputs that this very generation could not read."""
        return [copy for copy in self.unreadable if f"/g={self.generation:06}-{self.run_id}/" in copy]


LOG = CommitLog(COMMITS_PREFIX, Generation)


def commit_key(hour: str, generation: int) -> str:
    """Key of the commit of one generation of an hour."""
    return LOG.key(hour, generation)


def data_folder(hour: str, generation: int, run_id: str) -> str:
    """Prefix under which one run writes the data files of one generation."""
    return f"{RAW_EVENTS.name}/{hour_folder(hour)}/g={generation:06}-{run_id}/"


def hour_start(hour: str) -> datetime:
    """First instant of an hour text."""
    return datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC)


def hour_after(hour: str, hours: int = 1) -> str:
    """The hour text that many hours later (negative: earlier)."""
    return hour_text(hour_start(hour) + timedelta(hours=hours))


def hour_in(key: str) -> str:
    """The hour that an object of the lake belongs to: `_commits/dt=2026-11-21/hour=9/x` gives `2026-11-21T09`."""
    return partition_in(key)


def newest(bucket: Bucket, hour: str) -> Generation | None:
    """The newest generation of the hour, or None before the first. Raises `LakeError` for an unreadable commit."""
    return LOG.newest(bucket, hour)


def newest_keys(bucket: Bucket) -> dict[str, str]:
    """Key of the newest commit of every hour that has one, by hour, from one listing."""
    return LOG.newest_keys(bucket)


def number_in(key: str | None) -> int | None:
    """The generation that a commit's key is of; None for no key."""
    return int(key.rpartition("/")[2].removesuffix(".json")) if key else None


def lake_commits(bucket: Bucket) -> Iterator[Generation]:
    """The newest generation of every hour, oldest hour first."""
    keys = newest_keys(bucket)
    yield from read_all(bucket, [keys[hour] for hour in sorted(keys)])


def read_all(bucket: Bucket, keys: list[str]) -> Iterator[Generation]:
    """The commits under the keys, in the same order, several at a time."""
    return LOG.read_all(bucket, keys)


def read(bucket: Bucket, key: str) -> Generation:
    """The commit under the key. Raises `LakeError` if it is missing or unreadable."""
    return LOG.read(bucket, key)


def follows(bucket: Bucket, generation: Generation, before: int | None) -> bool:
    """Whether the generation yielded to generation `before` of the hour before, or was confirmed against it."""
    if generation.previous_generation == before:
        return True
    key = _confirmation_key(generation, before)
    return any(entry.key == key for entry in bucket.list(key))


def confirm(bucket: Bucket, generation: Generation, before: int | None) -> None:
    """Record that generation `before` of the hour before holds no id of this one.

    Both are immutable, so this stays true. A new generation would say the same, but would make the next hour look
    again, and that one the next: one late file would rewrite the lake.
    """
    bucket.put(_confirmation_key(generation, before), msgspec.json.encode({"code_version": generation.code_version}))


def commit(bucket: Bucket, generation: Generation) -> bool:
    """Write the commit; whether it is ours, see `CommitLog.commit`."""
    return LOG.commit(bucket, generation)


def _confirmation_key(generation: Generation, before: int | None) -> str:
    folder = f"{CONFIRMATIONS_PREFIX}/{hour_folder(generation.hour)}"
    return f"{folder}/{generation.generation:08}-{before or 0:08}.json"
