"""The period of the same length before an interval, which its numbers are compared with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from batch_jobs.lake_interval import Interval
from batch_jobs.reports.asking import Fact, Outcome
from batch_jobs.reports.report_rows import Numbers, ReportRows
from batch_jobs.reports.small_cells import quotable


@dataclass(frozen=True)
class Previous:
    """Numbers of the period before; those of its published page, or asked for by `outcomes`."""

    interval: Interval
    numbers: Numbers = field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = ()

    @property
    def runs(self) -> list[dict[str, Fact]]:
        """The queries that were needed, as `reports.json` lists them."""
        return [_unpublished(outcome) for outcome in self.outcomes]


def interval_before(interval: Interval) -> Interval:
    """The interval of the same length that ends where this one begins."""
    return Interval(interval.start - (interval.end - interval.start), interval.start)


def dates_of(interval: Interval) -> list[str]:
    """Every UTC date that the interval meets."""
    days = (interval.end - timedelta(microseconds=1)).date() - interval.start.date()
    return [(interval.start.date() + timedelta(days=number)).isoformat() for number in range(days.days + 1)]


def from_outcomes(interval: Interval, outcomes: tuple[Outcome, ...], suppress_below: int) -> Previous:
    """The numbers of queries over it, without those about too few people; those whose query failed are absent."""
    return Previous(interval, quotable(rows_of(outcomes), suppress_below), outcomes)


def rows_of(outcomes: Iterable[Outcome]) -> ReportRows:
    """What the queries answered, in full."""
    return ReportRows({outcome.report.name: outcome.answer.rows() for outcome in outcomes if outcome.answer})


def changes(numbers: Numbers, before: Numbers) -> Mapping[str, float | None]:
    """Growth of every number in parts of what it was: 0.25 is a quarter more. None where it cannot be said."""
    return {name: _growth(value, before.get(name)) for name, value in numbers.items()}


def _growth(value: float | None, before: float | None) -> float | None:
    return value / before - 1 if value is not None and before else None


def _unpublished(outcome: Outcome) -> dict[str, Fact]:
    kept = {name: fact for name, fact in outcome.entry.items() if name != "files"}
    return {**kept, "title": f"{outcome.report.title}, period before"}
