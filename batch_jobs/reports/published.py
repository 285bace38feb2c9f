"""What is published of an interval already, as its `reports.json` says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from batch_jobs.lake_interval import Interval
from batch_jobs.reports.keys import PAGE, SUMMARY, report_key
from batch_jobs.reports.report_rows import Number
from clickstream.errors import LakeError
from clickstream.ports import Bucket


class Entry(msgspec.Struct, frozen=True):
    """One report of a published `reports.json`; what else it says is passed over."""

    name: str
    failure: str = ""


class Restatement(msgspec.Struct, frozen=True):
    """A published number that a later run replaced: `old` by `new`, at `restated_time` (UTC)."""

    number: str
    old: Number
    new: Number
    restated_time: datetime
    cause: Literal["changed data", "changed rules"]
    """Whether the lake held other data, or the same data was counted or shown by other rules."""


class Published(msgspec.Struct, frozen=True):
    """What the published `reports.json` of an interval says it was made from, and its numbers."""

    made_time: datetime
    generations: dict[str, int]
    reports: list[Entry]
    sessions: dict[str, int] = {}
    numbers: dict[str, Number | None] = {}
    earlier_numbers: dict[str, Number] = {}
    """Numbers of earlier runs whose reports failed in this one."""
    restatements: list[Restatement] = []

    def is_final(self, interval: Interval, generations: Mapping[str, int], sessions: Mapping[str, int]) -> bool:
        """Whether it was made after the interval, from exactly these generations, and no report failed.

        Generations are those of `raw_events` by received hour, and those of `sessions` by date.
        """
        is_whole = self.made_time >= interval.end and not any(entry.failure for entry in self.reports)
        return is_whole and (self.generations, self.sessions) == (generations, sessions)

    @property
    def known_numbers(self) -> dict[str, Number]:
        """The last value that was ever published of each number."""
        return self.earlier_numbers | {name: value for name, value in self.numbers.items() if value is not None}


def decode(body: bytes) -> Published | None:
    """None for a summary that cannot be read, or that does not name its generations: it is made again."""
    try:
        return msgspec.json.decode(body, type=Published)
    except msgspec.DecodeError:
        return None


def read_published(bucket: Bucket, interval: Interval) -> Published | None:
    """What is published of the interval; None for nothing."""
    try:
        return decode(bucket.get(report_key(PAGE, interval, SUMMARY)))
    except LakeError:
        return None
