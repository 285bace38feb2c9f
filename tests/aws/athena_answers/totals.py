"""Counts by time, text and address; orders, windows and samples."""

import datetime as dt
import re
from collections import Counter
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from tests.aws.athena_answers.events import EVENTS, FIRST_DAY, Answer, answer, in_order, last_if_none

_LATE = [event for event in FIRST_DAY if event["hour"] > "09"]
_HOUR = [event for event in FIRST_DAY if event["hour"] == "09"]
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - as the instants of the events, in UTC without saying so


@answer
def _hours_truncated() -> Answer:
    hours = Counter(event["happened"].replace(minute=0, second=0, microsecond=0) for event in EVENTS)
    return [(hour, hour.replace(hour=0), count) for hour, count in sorted(hours.items())]


@answer
def _days_as_text() -> Answer:
    return [(len(FIRST_DAY),)]


@answer
def _local_hours() -> Answer:
    found = []
    for event in _LATE:
        instant = event["happened"].replace(tzinfo=dt.UTC)
        new_york, berlin = (instant.astimezone(ZoneInfo(zone)) for zone in ("America/New_York", "Europe/Berlin"))
        found.append((event["event_id"], new_york.hour, berlin.date()))
    return found


@answer
def _instants_from_text() -> Answer:
    return [(len(EVENTS) - len(FIRST_DAY),)]


@answer
def _parts_of_addresses() -> Answer:
    counts: Counter[tuple[str | None, ...]] = Counter()
    for event in EVENTS:
        parts = urlsplit(event["page"])
        campaign = parse_qs(parts.query).get("utm_campaign", [None])[0]
        counts[(parts.hostname, parts.path, campaign) if parts.hostname else (None, None, None)] += 1
    rows = [(*key, count) for key, count in counts.items()]
    return sorted(rows, key=lambda row: (-row[3], in_order(row)))


@answer
def _items_by_pattern() -> Answer:
    matches = (re.search(r"/item/(\d+)", event["page"]) for event in EVENTS)
    counts = Counter(match[1] if match else None for match in matches)
    return sorted(counts.items(), key=lambda item: (-item[1], last_if_none(item[0])))


@answer
def _totals_by_cube() -> Answer:
    counts: Counter[tuple[str | None, str | None]] = Counter()
    for event in EVENTS:
        counts.update((day, kind) for day in (event["day"], None) for kind in (event["kind"], None))
    return sorted(((*key, count) for key, count in counts.items()), key=in_order)


@answer
def _every_day() -> Answer:
    days = [dt.date(2026, 11, 20) + dt.timedelta(days=n) for n in range(4)]
    return [(day, sum(event["happened"].date() == day for event in EVENTS)) for day in days]


@answer
def _top_pages_of_days() -> Answer:
    found: Answer = []
    for day in ("2026-11-21", "2026-11-22"):
        counts = Counter(event["page"] for event in EVENTS if event["day"] == day)
        best = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:2]
        found += [(day, page, count, rank) for rank, (page, count) in enumerate(best, start=1)]
    return found


@answer
def _numbers_by_recursion() -> Answer:
    return [(sum(range(1, 7)),)]


@answer
def _a_sample() -> Answer:
    return [(True,)]


@answer
def _moving_means() -> Answer:
    counts = sorted(Counter((event["day"], event["hour"]) for event in EVENTS).items())
    found: Answer = []
    for place, (key, n) in enumerate(counts):
        last = [count for _, count in counts[max(0, place - 2) : place + 1]]
        change = n - (counts[place - 1][1] if place else 0)
        found.append((*key, n, sum(last) / len(last), change, n / len(EVENTS), n // len(EVENTS)))
    return found


@answer
def _a_later_page() -> Answer:
    return [(event["event_id"],) for event in sorted(EVENTS, key=lambda e: str(e["event_id"]), reverse=True)[3:5]]


@answer
def _unix_times() -> Answer:
    seconds = [(event["happened"] - _EPOCH).total_seconds() for event in _HOUR]
    return [(e["event_id"], round(s * 1000), e["happened"], s / 60) for e, s in zip(_HOUR, seconds, strict=True)]


@answer
def _nulls_last() -> Answer:
    """The visitor counts backwards as well, and none at all is last there, too."""
    backwards: dict[str | None, int] = {
        None: 0,
        **{v: n for n, v in enumerate(["eve", "dan", "cleo", "bob", "ann"], start=-5)},
    }
    ordered = sorted(
        EVENTS, key=lambda e: (e["amount"] is None, -(e["amount"] or 0), backwards[e["visitor"]], e["event_id"])
    )
    return [(event["visitor"], event["amount"]) for event in ordered[:7]]


@answer
def _rows_of_objects() -> Answer:
    hours = Counter(event["hour"] for event in FIRST_DAY)
    return [(f"s3://lake/clicks/day=2026-11-21/hour={hour}/part-0.parquet", n) for hour, n in sorted(hours.items())]


@answer
def _weeks() -> Answer:
    counts = Counter(event["happened"].date() for event in EVENTS)
    found = []
    for date, n in sorted(counts.items()):
        _, week, weekday = date.isocalendar()
        monday = dt.datetime.combine(date - dt.timedelta(days=weekday - 1), dt.time())
        found.append((monday, weekday, weekday, week, n))
    return found
