"""Arrays, maps, rows and JSON."""

import json
from collections import Counter
from typing import Any

from tests.aws.athena_answers.events import (
    EVENTS,
    FIRST_DAY,
    Answer,
    Row,
    answer,
    by_visitor,
    grouped,
    in_order,
    last_if_none,
)

_PURCHASES = [event for event in EVENTS if event["kind"] == "purchase"]


@answer
def _labels_unnested() -> Answer:
    counts = Counter(label for event in EVENTS for label in event["labels"] or [])
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


@answer
def _labels_with_place() -> Answer:
    return [(e["event_id"], label, n) for e in EVENTS for n, label in enumerate(e["labels"] or [], start=1)]


@answer
def _map_unnested() -> Answer:
    counts = Counter(pair for event in EVENTS for pair in event["device"].items())
    return [(*pair, count) for pair, count in sorted(counts.items())]


@answer
def _rows_unnested() -> Answer:
    lines = [line for event in _PURCHASES for line in event["basket"]]
    return [
        (
            sku,
            sum(line["price"] * line["count"] for line in lines if line["sku"] == sku),
            sum(line["count"] for line in lines if line["sku"] == sku),
        )
        for sku in sorted({line["sku"] for line in lines})
    ]


@answer
def _labels_left_unnested() -> Answer:
    hour = [event for event in FIRST_DAY if event["hour"] == "09"]
    return sorted(((e["event_id"], label) for e in hour for label in e["labels"] or [None]), key=in_order)


@answer
def _kinds_as_map() -> Answer:
    return [(visitor, Counter(e["kind"] for e in events)) for visitor, events in by_visitor(FIRST_DAY).items()]


@answer
def _kinds_as_histogram() -> Answer:
    return [(visitor, Counter(e["kind"] for e in events)) for visitor, events in by_visitor().items()]


def _document(event: Row) -> dict[str, Any]:
    try:
        return dict(json.loads(event["details"] or "{}"))
    except json.JSONDecodeError:
        return {}


@answer
def _json_scalars() -> Answer:
    found: Answer = []
    for event in EVENTS:
        document = _document(event)
        depth, sizes = document.get("depth"), document.get("sizes")
        arm, count = document.get("arm"), None if sizes is None else len(sizes)
        found.append((event["event_id"], arm, None, None if depth is None else int(depth), count))
    return found


@answer
def _elements() -> Answer:
    ends = {e["event_id"]: (e["labels"] or [None])[:: max(1, len(e["labels"] or [None]) - 1)] for e in FIRST_DAY}
    return [
        (e["event_id"], ends[e["event_id"]][0], ends[e["event_id"]][-1], e["device"].get("os"), None) for e in FIRST_DAY
    ]


@answer
def _lambdas() -> Answer:
    found: Answer = []
    for event in EVENTS:
        labels, basket = event["labels"] or [], event["basket"]
        total = None if basket is None else round(sum(line["price"] * line["count"] for line in basket), 1)
        if labels:
            others = [label for label in labels if label != "sale"]
            found.append((event["event_id"], [label.upper() for label in labels], others, total))
    return found


@answer
def _rows_made() -> Answer:
    places = [event | {"city": (event["place"] or {}).get("city")} for event in FIRST_DAY]
    groups = grouped(places, "visitor", "city")
    return [({"who": visitor, "events": len(events)}, city) for (visitor, city), events in groups.items()]


@answer
def _totals_by_sets() -> Answer:
    """A bit of the level is set where the total is over all values of the column."""
    pairs = [((event["place"] or {}).get("country"), event["kind"]) for event in EVENTS]
    found = [(country, kind, 0, n) for (country, kind), n in Counter(pairs).items()]
    found += [(country, None, 1, n) for country, n in Counter(country for country, _ in pairs).items()]
    found.append((None, None, 3, len(pairs)))
    return sorted(found, key=lambda row: (row[2], -row[3], last_if_none(row[0]), last_if_none(row[1])))


@answer
def _totals_of_baskets() -> Answer:
    return [(e["event_id"], sum(line["price"] * line["count"] for line in e["basket"])) for e in _PURCHASES]


@answer
def _json_as_types() -> Answer:
    both = [event for event in EVENTS if event["event_id"] in {"c03", "c04"}]
    return [(event["event_id"], _document(event).get("sizes"), len(_document(event))) for event in both]
