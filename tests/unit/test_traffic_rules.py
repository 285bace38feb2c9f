"""What an unusual count means, and how minutes are read."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

from clickstream.detection.traffic_rules import DROP, SURGE, TRACKING_OUTAGE, TrafficAnomaly, Watch
from clickstream.live.minutes import TOTAL, read_minutes
from tests.simulation.fakes import MemoryTable

START = datetime(2026, 11, 20, tzinfo=UTC)
TYPES = {"page_view": 100, "purchase": 10}
DAYS = 3


class Shop:
    """The watches of a shop, and its clock."""

    def __init__(self) -> None:
        self.chance = random.Random(7)  # noqa: S311  a seeded draw, no secret
        self.watches = {name: Watch() for name in (TOTAL, *TYPES)}
        self.now = START
        for _ in range(DAYS * 1440):
            self.minute()

    def minute(self, **factors: float) -> dict[str, TrafficAnomaly]:
        """One more minute, with some types at another level; the anomalies by series."""
        counts = {
            name: max(0, round(self.chance.gauss(usual, usual**0.5) * factors.get(name, 1)))
            for name, usual in TYPES.items()
        }
        total = sum(counts.values())
        seen = {TOTAL: total, **counts}
        found = {name: watch.observe(name, self.now, seen[name], total) for name, watch in self.watches.items()}
        self.now += timedelta(minutes=1)
        return {name: anomaly for name, anomaly in found.items() if anomaly}

    def minutes(self, number: int, **factors: float) -> list[TrafficAnomaly]:
        """The anomalies of several minutes."""
        return [anomaly for _ in range(number) for anomaly in self.minute(**factors).values()]


def test_one_type_silent_while_others_flow_is_a_tracking_outage() -> None:
    """Purchases stop, page views do not: their tracking is broken, and only they are told of."""
    found = Shop().minutes(60, purchase=0)
    outages = [anomaly for anomaly in found if anomaly.rule == TRACKING_OUTAGE]
    assert [(anomaly.series, anomaly.severity, anomaly.seen) for anomaly in outages] == [("purchase", "critical", 0)]
    assert TOTAL not in {anomaly.series for anomaly in found if anomaly.severity == "critical"}


def test_everything_silent_is_a_drop_of_the_total() -> None:
    """Nothing comes at all: the total tells it, and no type claims to be broken."""
    found = Shop().minutes(60, purchase=0, page_view=0)
    assert {(anomaly.series, anomaly.rule) for anomaly in found if anomaly.severity == "critical"} == {(TOTAL, DROP)}
    assert not [anomaly for anomaly in found if anomaly.rule == TRACKING_OUTAGE]


def test_a_type_that_does_not_come_back_is_told_when_the_others_do() -> None:
    """After an outage of everything page views return and purchases do not: that is an outage of tracking."""
    shop = Shop()
    shop.minutes(30, purchase=0, page_view=0)
    outages = [anomaly for anomaly in shop.minutes(10, purchase=0) if anomaly.rule == TRACKING_OUTAGE]
    assert [anomaly.series for anomaly in outages] == ["purchase"]


def test_a_surge_of_everything_is_told_by_the_total_alone() -> None:
    """Five times as much of everything is one surge, not one of each type."""
    found = Shop().minute(page_view=5, purchase=5)
    assert {name: anomaly.rule for name, anomaly in found.items()} == {TOTAL: SURGE}


def test_a_surge_of_one_type_is_its_own() -> None:
    """Twenty times as many purchases among the usual page views are told as such."""
    found = Shop().minute(purchase=20)
    assert found["purchase"].rule == SURGE


def test_the_row_is_made_of_whole_numbers_and_names_nobody() -> None:
    """A row of the anomalies table has its own key for each series, rule and minute, and no fractions."""
    anomaly = TrafficAnomaly("type:purchase", TRACKING_OUTAGE, "critical", START, 9.6, 0, 0.51234)
    item = anomaly.item()
    assert (item["pk"], item["sk"]) == ("traffic#type:purchase", "tracking_outage#2026-11-20T00:00")
    assert item["evidence"] == {
        "rule": "tracking_outage",
        "series": "type:purchase",
        "expected": 10,
        "seen": 0,
        "score_percent": 51,
    }
    MemoryTable().put(item)


def page(minute: str, lane: str, **types: int) -> dict[str, object]:
    """An item of the counters table."""
    date, _, time = minute.partition("T")
    return {"pk": date, "sk": f"{time}#{lane}", "events": sum(types.values()), "event_types": types}


def test_minutes_are_summed_over_lanes_and_dates() -> None:
    """From the first minute on, before the end, across midnight, whatever the lanes."""
    table = MemoryTable()
    for item in (
        page("2026-11-20T23:57", "a", click=1),
        page("2026-11-20T23:58", "a", click=1),
        page("2026-11-20T23:58", "b", click=2, purchase=1),
        page("2026-11-21T00:01", "zz", click=5),
        page("2026-11-21T00:02", "a", click=7),
    ):
        table.put(item)
    first = datetime(2026, 11, 20, 23, 58, tzinfo=UTC)
    minutes = read_minutes(table, first, first + timedelta(minutes=4))
    assert minutes == {
        first: Counter({TOTAL: 4, "type:click": 3, "type:purchase": 1}),
        first + timedelta(minutes=3): Counter({TOTAL: 5, "type:click": 5}),
    }


def test_an_empty_interval_reads_nothing() -> None:
    """Where the end is not after the beginning there is no minute."""
    table = MemoryTable()
    table.put(page("2026-11-20T00:00", "a", click=1))
    assert read_minutes(table, START, START) == {}


def test_odd_names_of_types_are_only_counted() -> None:
    """What could be an address or a text of a person gets no series of its own."""
    table = MemoryTable()
    table.put(page("2026-11-20T00:00", "a", **{"joe@example.org": 3, "(other)": 2, "page_view": 1}))
    (counts,) = read_minutes(table, START, START + timedelta(minutes=1)).values()
    assert counts == Counter({TOTAL: 6, "type:page_view": 1})
