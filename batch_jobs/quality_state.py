"""What the lake's own state says about its quality: the account of each hour, its volume, and how fresh all of it is.

Nothing here asks Athena. Everything is compared with something that was counted elsewhere: the commits of the lake with
the ledger of the stream, an hour with the same hour of earlier days, the newest generation with the clock.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from clickstream.lake.generations import Generation, hour_after, hour_start
from clickstream.lake.masked_log import log_of
from clickstream.lake.work import Lake, fresh_inputs, unfinished
from clickstream.ledger import LandedObject
from clickstream.tables import MASKED_EVENTS

LATEST = timedelta(hours=2)
"""How long after its end an hour may wait for compaction: two runs of the hourly schedule."""
COMPARED_HOURS = (-24, -48, -72, -168)
"""The same hour of the three days before, and of the week before."""
LEAST_ROWS = 100
"""Hours that usually hold fewer rows say nothing by holding none."""
FACTOR = 10
"""An hour with ten times as many rows as usual, or a tenth, is named."""


@dataclass(frozen=True)
class Verdict:
    """One check: what it says is so, and every place where it is not. A warning stops no report."""

    name: str
    meaning: str
    problems: tuple[str, ...] = ()
    is_warning: bool = False

    @property
    def word(self) -> str:
        """How it went, for a table."""
        if not self.problems:
            return "well"
        return "warns" if self.is_warning else "FAILED"


def judge(lake: Lake, commits: Mapping[str, Generation], hours: Sequence[str]) -> list[Verdict]:
    """Every check that needs no query.

    Args:
        lake: The lake; its clock says what is late.
        commits: Newest generation by hour, of `hours` and of the hours that they are compared with.
        hours: The received hours to check.
    """
    checked = [commits[hour] for hour in hours if hour in commits]
    work = {hour: lake.ledger.work(hour) for hour in hours}
    ledger = (problem for hour in hours for problem in unaccounted(hour, work[hour], commits.get(hour)))
    masked = _all(_unmasked(lake, commit) for commit in checked) if lake.is_masked else ()
    return [
        Verdict("masked_rows_agree", "Every generation has a masked copy with as many rows.", masked),
        Verdict("generations_add_up", "Rows are what has landed less what was removed.", _all(map(amiss, checked))),
        Verdict("ledger_agrees", "What the stream's ledger says has landed is compacted or waits.", tuple(ledger)),
        Verdict("hours_are_compacted", "No hour waits for compaction two hours after its end.", _late(lake)),
        Verdict("files_are_readable", "No landing object was set aside.", _all(map(unreadable, checked)), True),
        Verdict("volume_is_usual", "No hour has ten times as many rows as usual, or a tenth.", _odd(commits), True),
    ]


def compared(hours: Iterable[str]) -> set[str]:
    """The hours, and those that their volume is compared with."""
    return {hour_after(hour, distance) for hour in hours for distance in (0, *COMPARED_HOURS)}


def amiss(commit: Generation) -> Iterator[str]:
    """What does not add up within a generation."""
    removed = commit.duplicates + commit.quarantined + commit.erased + commit.redelivered
    if commit.rows != commit.landed - removed:
        yield f"{commit.hour}: {commit.rows:,} rows are not {commit.landed:,} landed less {removed:,} removed"
    if commit.rows != (held := sum(output.rows for output in commit.outputs)):
        yield f"{commit.hour}: {commit.rows:,} rows, but its files hold {held:,}"
    if commit.rows != (dated := sum(commit.rows_per_event_date.values())):
        yield f"{commit.hour}: {commit.rows:,} rows, but {dated:,} by event date"
    if commit.redelivered:
        yield f"{commit.hour}: {commit.redelivered:,} rows were landed twice, which the stream's protocol rules out"


def unaccounted(hour: str, work: Iterable[LandedObject], commit: Generation | None) -> Iterator[str]:
    """Where the hour's work list and its generation disagree on what has landed."""
    listed = list(work)
    landed = sum({one.key: one.rows for one in listed if one.kind == "landing"}.values())
    waiting = sum(one.rows for one in fresh_inputs(listed, commit))
    compacted = commit.landed if commit else 0
    if landed != compacted + waiting:
        yield f"{hour}: {landed:,} rows landed, {compacted:,} are compacted and {waiting:,} wait for it"


def unreadable(commit: Generation) -> Iterator[str]:
    """The landing objects of the hour that could not be read."""
    for copy, rows in commit.unreadable.items():
        yield f"{commit.hour}: {rows:,} rows could not be read; their object is kept as {copy}"


def unusual(hour: str, rows: Mapping[str, int]) -> Iterator[str]:
    """Whether the hour's rows are far from those of the same hour before, given rows by hour.

    Days without that hour do not count, and there must be two.
    """
    before = [rows[other] for distance in COMPARED_HOURS if (other := hour_after(hour, distance)) in rows]
    usual = median(before) if len(before) > 1 else 0
    found = rows.get(hour, 0)
    if usual >= LEAST_ROWS and not usual / FACTOR < found < usual * FACTOR:
        yield f"{hour}: {found:,} rows, usually {usual:,.0f}"


def _unmasked(lake: Lake, commit: Generation) -> Iterator[str]:
    """Whether the masked copy of an hour is one of this generation, and has its rows."""
    found = log_of(MASKED_EVENTS.name).newest(lake.bucket, commit.hour)
    if found is None or found.source != commit.generation:
        yield f"{commit.hour}: generation {commit.generation} is not in {MASKED_EVENTS.name}: run mask_tables"
    elif found.rows != commit.rows or found.rows != sum(output.rows for output in found.outputs):
        yield f"{commit.hour}: {commit.rows:,} rows, {found.rows:,} masked"


def _odd(commits: Mapping[str, Generation]) -> tuple[str, ...]:
    """Hours of the last day, those without any generation too, that are unusual."""
    rows = {hour: commit.rows for hour, commit in commits.items()}
    newest = max(rows, default=None)
    hours = [hour_after(newest, -number) for number in range(24)] if newest else []
    return _all(unusual(hour, rows) for hour in sorted(hours))


def _late(lake: Lake) -> tuple[str, ...]:
    limit = lake.clock() - LATEST - timedelta(hours=1)
    late = unfinished(lake, [hour for hour in lake.ledger.hours() if hour_start(hour) <= limit])
    return tuple(f"{hour}: ended {_age(lake.clock(), hour)} ago and is not compacted" for hour in late)


def _age(now: datetime, hour: str) -> str:
    return f"{(now - hour_start(hour)) // timedelta(hours=1) - 1} hours"


def _all(found: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(problem for problems in found for problem in problems)
