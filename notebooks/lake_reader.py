"""How a notebook asks the lake: statements of `sql/`, or its own, through awswrangler and the guarded workgroup.

The endpoint, the region and the credentials are those of the environment: an AWS account, or the local platform.
"""

import os
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

import pandas as pd

from aws_stores import S3Bucket
from batch_jobs import lake_interval, number_text, stack
from batch_jobs.lake_interval import Interval
from batch_jobs.queries import Guard, interval_values
from clickstream.lake.generations import lake_commits
from clickstream.lake.intervals import received_hours
from clickstream.lake.statements import Statement, Value, load_statement, read_statement
from clickstream.ports import Bucket

SQL = Path(__file__).parents[1] / "sql"
STACK = "clickstream-local"
"""The stack that is asked unless the variable `STACK` of the environment names another."""


PUBLISHED = """
-- The published days of a report.
-- grain: as the report's, for each day
-- partitions: the days of the interval
-- parameter start timestamp: first instant of the first day
-- parameter end timestamp: end of the last one, excluded
SELECT *
FROM report_{name}
WHERE report_date >= CAST(:start AS date) AND report_date < CAST(:end AS date)
"""


@dataclass(frozen=True)
class LakeReader:
    """Answers questions about one interval of event time; days are cut in `time_zone` (IANA name)."""

    guard: Guard
    bucket: Bucket
    interval: Interval
    time_zone: str = "UTC"

    @classmethod
    def of_stack(
        cls, name: str | None = None, start: datetime | None = None, end: datetime | None = None, time_zone: str = "UTC"
    ) -> "LakeReader":
        """Ask the lake of a stack about [start, end), both with a zone; the densest run of days unless given.

        Raises `ConfigError` if there is no such stack, or nothing in its lake yet.
        """
        names = stack.complete(dict.fromkeys(("bucket", "database", "workgroup")), name or stack_name())
        bucket = S3Bucket(names["bucket"])
        interval = lake_interval.choose(list(lake_commits(bucket)), start, end)
        return cls(Guard(names["database"], names["workgroup"]), bucket, interval, time_zone)

    @cached_property
    def hours(self) -> list[str]:
        """The received hours that hold the interval's events: the only partitions that are read."""
        return received_hours(self.bucket, self.interval.start, self.interval.end)

    def during(self, start: datetime, end: datetime) -> "LakeReader":
        """The same lake, asked about another interval."""
        return replace(self, interval=Interval(start, end))

    def ask(self, name: str, **values: Value) -> pd.DataFrame:
        """The rows of `sql/<name>.sql`; `values` are its parameters beside the interval and the time zone."""
        return self._answer(read_statement(SQL / f"{name}.sql"), values)

    def ask_text(self, text: str, **values: Value) -> pd.DataFrame:
        """The rows of a statement written here, under the contract that a file has (`clickstream.lake.statements`)."""
        return self._answer(load_statement("this statement", text), values)

    def report(self, name: str) -> pd.DataFrame:
        """The days of a report that the daily run has published, of the interval: its table in the catalog."""
        return self.ask_text(PUBLISHED.format(name=name))

    def _answer(self, statement: Statement, values: dict[str, Value]) -> pd.DataFrame:
        asked: dict[str, Value] = {"start": self.interval.start, "end": self.interval.end, "time_zone": self.time_zone}
        lookback = statement.lookback(values)
        start, end = self.interval.start - lookback, self.interval.end
        hours = received_hours(self.bucket, start, end) if lookback else self.hours
        answer = self.guard.ask(statement, hours, interval_values(statement, asked) | values)
        cost = f"{number_text.size(answer.bytes_scanned)} read, {answer.seconds:.1f} s"
        print(f"{statement.name}: {number_text.plural(len(answer.frame), 'row')}, {cost}")
        return answer.frame

    def __str__(self) -> str:
        """What is asked about, in one line."""
        start, end = (f"{time:%Y-%m-%d %H:%M}" for time in (self.interval.start, self.interval.end))
        return f"events from {start} to {end} UTC in {len(self.hours)} received hours; days of {self.time_zone}"


def stack_name() -> str:
    """The stack that the environment names."""
    return os.environ.get("STACK") or STACK
