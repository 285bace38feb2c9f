"""Statements of `sql/` asked about one interval of a lake, with the received hours that each of them needs."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_stores import S3Bucket
from batch_jobs import lake_interval, stack
from batch_jobs.lake_interval import Interval
from batch_jobs.queries import Answer, Guard, interval_values
from clickstream.lake.generations import Generation, lake_commits
from clickstream.lake.intervals import received_hours
from clickstream.lake.statements import Statement, Value
from clickstream.ports import Bucket


@dataclass(frozen=True)
class StatementRun:
    """What several statements share: the lake as it was found, the interval, and the zone of days (IANA name)."""

    guard: Guard
    bucket: Bucket
    commits: Sequence[Generation]
    interval: Interval
    time_zone: str

    @classmethod
    def of_options(cls, options: argparse.Namespace) -> "StatementRun":
        """As the options say that `add_options` and `lake_interval.parser` add; the densest run of days by default.

        Raises `ConfigError` for a stack that is not there, an empty lake or an empty interval.
        """
        given = {name: getattr(options, name) for name in ("bucket", "database", "workgroup")}
        names = stack.complete(given, options.stack)
        bucket = S3Bucket(names["bucket"])
        commits = list(lake_commits(bucket))
        interval = lake_interval.choose(commits, options.start, options.end)
        return cls(Guard(names["database"], names["workgroup"]), bucket, commits, interval, options.time_zone)

    def ask(self, statement: Statement, given: Mapping[str, Value]) -> Answer:
        """The statement over the interval; `given` are its parameters beside interval and zone."""
        values: dict[str, Value] = {"start": self.interval.start, "end": self.interval.end, "time_zone": self.time_zone}
        return self.guard.ask(
            statement, self._hours(statement, given), interval_values(statement, values) | dict(given)
        )

    def _hours(self, statement: Statement, given: Mapping[str, Value]) -> list[str]:
        """A statement without bounds of event time is about what arrived with the interval."""
        start, end = self.interval.start, self.interval.end
        if any(parameter.name == "start" for parameter in statement.parameters):
            return received_hours(self.bucket, start - statement.lookback(given), end)
        return lake_interval.arrival_hours(self.commits, self.interval)


def add_stack(parser: argparse.ArgumentParser) -> None:
    """The option that names what is not given."""
    parser.add_argument("--stack", default="clickstream-local", help="stack whose outputs name what is not given")
