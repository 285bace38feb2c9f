"""Received hours as the predicate over the partition columns `dt` and `hour` that reads exactly them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from clickstream.tables import hour_text

ALL_DAY = frozenset(range(24))
_HOUR = timedelta(hours=1)


def received_predicate(hours: Iterable[str]) -> str:
    """A boolean expression true for the partitions of these received hours (`2026-11-21T09`), and for no other.

    Neighbouring whole days become one range, and other days with the same hours one list, so a year of data needs a few
    lines. No hours give `FALSE`: nothing is read, nothing is paid.
    """
    days: dict[date, set[int]] = defaultdict(set)
    for hour in hours:
        day, _, number = hour.partition("T")
        days[date.fromisoformat(day)].add(int(number))
    alternatives = [*_whole_days(days), *_same_hours(days)]
    return f"({' OR '.join(alternatives)})" if alternatives else "FALSE"


def hours_between(start: datetime, end: datetime) -> Iterator[str]:
    """Every hour that overlaps [start, end), in order."""
    hour = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour < end:
        yield hour_text(hour)
        hour += _HOUR


def _whole_days(days: dict[date, set[int]]) -> Iterator[str]:
    for first, last in _runs([day.toordinal() for day, hours in days.items() if hours == ALL_DAY]):
        first_day, last_day = (_literal(date.fromordinal(number)) for number in (first, last))
        yield f"dt = {first_day}" if first == last else f"dt BETWEEN {first_day} AND {last_day}"


def _same_hours(days: dict[date, set[int]]) -> Iterator[str]:
    alike: dict[frozenset[int], list[date]] = defaultdict(list)
    for day in sorted(day for day, hours in days.items() if hours != ALL_DAY):
        alike[frozenset(days[day])].append(day)
    for hours, dates in alike.items():
        yield f"({_one_of('dt', [_literal(day) for day in dates])} AND {_hours(hours)})"


def _hours(hours: frozenset[int]) -> str:
    runs = list(_runs(sorted(hours)))
    if len(runs) == 1 and len(hours) > 2:
        return f"hour BETWEEN {runs[0][0]} AND {runs[0][1]}"
    return _one_of("hour", [str(hour) for hour in sorted(hours)])


def _literal(day: date) -> str:
    return f"DATE '{day.isoformat()}'"


def _one_of(column: str, values: list[str]) -> str:
    return f"{column} = {values[0]}" if len(values) == 1 else f"{column} IN ({', '.join(values)})"


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of neighbouring numbers."""
    first = last = None
    for number in sorted(numbers):
        if first is None or last is None or number != last + 1:
            if first is not None and last is not None:
                yield first, last
            first = number
        last = number
    if first is not None and last is not None:
        yield first, last
