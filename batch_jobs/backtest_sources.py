"""History of traffic as counts of minutes: from a CSV file, the counters table, or the lake."""

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aws_stores import DynamoTable, S3Bucket
from batch_jobs import lake_interval, stack
from batch_jobs.ledger_tools import retention_days
from batch_jobs.queries import Guard, interval_values
from clickstream.errors import ConfigError
from clickstream.lake.generations import lake_commits
from clickstream.lake.intervals import received_hours
from clickstream.lake.statements import read_statement
from clickstream.live.lifetimes import first_whole_minute
from clickstream.live.minutes import MINUTE, TOTAL, Minutes, read_minutes, span, whole_minute

STATEMENT = Path(__file__).parents[1] / "sql" / "events_per_minute.sql"
LONGEST_PAUSE = timedelta(hours=6)
"""A file without rows for longer says nothing about that time; within, a minute without a row had no event."""
USUAL_LENGTH = timedelta(days=14)
Bound = datetime | None


@dataclass(frozen=True)
class History:
    """Counts by minute, and the minutes that they speak of, in order; a minute without counts had no event."""

    minutes: Minutes
    known: list[datetime]

    @property
    def series(self) -> list[str]:
        """The total first, then the types by name."""
        found: set[str] = set()
        for counts in self.minutes.values():
            found |= counts.keys()
        return [TOTAL, *sorted(found - {TOTAL})]


def from_csv(path: Path) -> History:
    """Rows of time, count and, if the header names it so, `series`; gzip by its ending.

    Times are ISO 8601, UTC where they name no zone. Without a series of its own, the total is the sum of all series.

    Raises:
        ConfigError: The file cannot be read, or a row is not like that.
    """
    minutes: Minutes = {}
    try:
        with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as file:
            rows = csv.reader(file)
            has_series = "series" in next(rows, [])[2:3]
            for row in rows:
                counts = minutes.setdefault(_minute(row[0]), Counter())
                counts[row[2] if has_series else TOTAL] += int(row[1])
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    except (ValueError, IndexError) as error:
        raise ConfigError(f"{path}, line {rows.line_num}: {error}; rows are minute,count[,series]") from error
    for counts in minutes.values():
        if TOTAL not in counts:
            counts[TOTAL] = sum(counts.values())
    return History(minutes, list(_known(sorted(minutes))))


def from_counters(stack_name: str, start: Bound, end: datetime, now: datetime) -> History:
    """Received minutes of the live counters; two weeks of them unless a start is given.

    Of older minutes some pages may have expired, and what is left would look like a drop: they are left out.
    """
    names = stack.outputs(stack_name)
    table = DynamoTable(names["CountersTableName"])
    first = max(whole_minute(start or end - USUAL_LENGTH), first_whole_minute(now, retention_days(names)))
    return _closed(read_minutes(table, first, whole_minute(end)), end)


def from_lake(stack_name: str, start: Bound, end: Bound) -> History:
    """Minutes of event time in the lake, the total alone; the densest run of days unless an interval is given."""
    names = stack.complete(dict.fromkeys(("bucket", "database", "workgroup")), stack_name)
    bucket = S3Bucket(names["bucket"])
    interval = lake_interval.choose(list(lake_commits(bucket)), start, end)
    statement = read_statement(STATEMENT)
    hours = received_hours(bucket, interval.start, interval.end)
    values = interval_values(statement, {"start": interval.start, "end": interval.end})
    answer = Guard(names["database"], names["workgroup"]).ask(statement, hours, values)
    minutes = {_minute(str(row["minute_time"])): Counter({TOTAL: row["events"]}) for row in answer.rows()}
    return _closed(minutes, interval.end)


def _closed(minutes: Minutes, end: datetime) -> History:
    """Every minute from the first event on, before the end."""
    return History(minutes, list(span(min(minutes), whole_minute(end))) if minutes else [])


def _known(times: list[datetime]) -> Iterator[datetime]:
    """Every minute from the first row to the last, without long pauses."""
    for time, following in zip(times, [*times[1:], None], strict=True):
        yield time
        if following and following - time <= LONGEST_PAUSE:
            yield from span(time + MINUTE, following)


def _minute(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return whole_minute(found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC))
