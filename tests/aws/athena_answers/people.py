"""Sessions, funnels, cohorts, and what came before and after."""

import datetime as dt
from statistics import median_low
from typing import Any

from tests.aws.athena_answers.events import EVENTS, FIRST_DAY, Answer, Row, answer, by_visitor, in_order

_HALF_HOUR = dt.timedelta(minutes=30)
_VISITORS = {visitor: events for visitor, events in by_visitor().items() if visitor is not None}


def _sessions(events: list[Row], *, may_touch: bool) -> list[list[Row]]:
    """Cut at gaps of half an hour; one of exactly that length cuts, too, unless it may touch."""
    sessions: list[list[Row]] = []
    for event in events:
        gap = event["happened"] - sessions[-1][-1]["happened"] if sessions else None
        if gap is None or gap > _HALF_HOUR or (gap == _HALF_HOUR and not may_touch):
            sessions.append([])
        sessions[-1].append(event)
    return sessions


@answer
def _sessions_by_gap() -> Answer:
    return [
        (v, n, len(s), s[0]["happened"], int((s[-1]["happened"] - s[0]["happened"]).total_seconds()))
        for v, events in _VISITORS.items()
        for n, s in enumerate(_sessions(events, may_touch=False), start=1)
    ]


@answer
def _gaps_as_intervals() -> Answer:
    return [(visitor, len(_sessions(events, may_touch=True))) for visitor, events in by_visitor().items()]


def _who(kind: str) -> set[Any]:
    return {event["visitor"] for event in EVENTS if event["kind"] == kind and event["visitor"] is not None}


@answer
def _funnel_counts() -> Answer:
    buyers, everybody = len(_who("purchase")), len(_VISITORS)
    return [(everybody, len(_who("add_to_cart")), buyers, f"{100 * buyers / everybody:.1f}", buyers / everybody)]


def _first(events: list[Row], kind: str) -> dt.datetime | None:
    return next((event["happened"] for event in events if event["kind"] == kind), None)


@answer
def _funnel_in_order() -> Answer:
    viewers = carts = buyers = 0
    waits = []
    for events in by_visitor().values():
        viewed, carted, bought = (_first(events, kind) for kind in ("page_view", "add_to_cart", "purchase"))
        viewers += viewed is not None
        in_cart = viewed is not None and carted is not None and carted > viewed
        carts += in_cart
        buyers += bool(in_cart and bought is not None and carted is not None and bought > carted)
        if viewed is not None and bought is not None:
            waits.append(int((bought - viewed).total_seconds()))
    return [(viewers, carts, buyers, sorted(waits)[len(waits) // 2])]


@answer
def _cohorts() -> Answer:
    counts: dict[tuple[dt.date, int], int] = {}
    for events in _VISITORS.values():
        dates = {event["happened"].date() for event in events}
        for date in dates:
            key = (min(dates), (date - min(dates)).days)
            counts[key] = counts.get(key, 0) + 1
    return [(*key, count) for key, count in sorted(counts.items())]


@answer
def _distinct_people() -> Answer:
    days = sorted({event["day"] for event in EVENTS})
    counts = [len({e["visitor"] for e in EVENTS if e["day"] == day and e["visitor"] is not None}) for day in days]
    return [(day, count, count) for day, count in zip(days, counts, strict=True)]


@answer
def _first_and_last_pages() -> Answer:
    found = []
    for visitor, events in by_visitor(e for e in EVENTS if e["kind"] != "scroll").items():
        newest = [event["event_id"] for event in reversed(events)][:2]
        found.append((visitor, events[-1]["page"], events[0]["page"], newest))
    return found


@answer
def _paths_as_text() -> Answer:
    steps = {visitor: [event["kind"] for event in events] for visitor, events in by_visitor().items()}
    return [(visitor, " > ".join(kinds), sorted(set(kinds))) for visitor, kinds in steps.items()]


@answer
def _kinds_listed() -> Answer:
    return [(visitor, ",".join(event["kind"] for event in events)) for visitor, events in by_visitor().items()]


@answer
def _minutes_before() -> Answer:
    window = dt.timedelta(minutes=15)
    return [
        (
            e["event_id"],
            sum(
                o["visitor"] == e["visitor"] and e["happened"] - window <= o["happened"] <= e["happened"]
                for o in FIRST_DAY
            ),
        )
        for e in sorted(FIRST_DAY, key=lambda e: str(e["event_id"]))
    ]


@answer
def _last_referrers() -> Answer:
    found = []
    for events in by_visitor().values():
        source = None
        for event in events:
            source = event["referrer"] or source
            found.append((event["event_id"], source))
    return sorted(found, key=in_order)


@answer
def _events_before_purchases() -> Answer:
    bought = {v: [e["happened"] for e in events if e["kind"] == "purchase"] for v, events in _VISITORS.items()}
    before = [
        event
        for visitor, events in _VISITORS.items()
        for event in events
        if visitor != "cleo" and any(time > event["happened"] for time in bought[visitor])
    ]
    return [(len(before),)]


@answer
def _first_with_ties() -> Answer:
    counts = {visitor: len(events) for visitor, events in _VISITORS.items() if visitor > "b"}
    return [(visitor, count) for visitor, count in counts.items() if count == max(counts.values())]


@answer
def _newest_of_each_id() -> Answer:
    newest = {event["event_id"]: event["happened"] for event in sorted(EVENTS, key=lambda e: e["happened"])}
    return [(len(newest), max(newest.values()))]


@answer
def _percentiles() -> Answer:
    """Element floor(p * n) of the sorted values, from 0."""
    values = sorted(event["amount"] for event in EVENTS if event["amount"] is not None)
    assert median_low([*values, max(values)]) == values[len(values) // 2]
    return [("purchase", values[len(values) // 2], [values[int(p * len(values))] for p in (0.25, 0.9, 0.99)])]
