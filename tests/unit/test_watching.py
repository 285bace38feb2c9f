"""Which minutes and which series a run takes in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from clickstream.detection.traffic_alerting import MOST_SINGLE, OVERDUE, TrafficAlert
from clickstream.detection.traffic_rules import DROP, PENDING, TrafficAnomaly
from clickstream.detection.watching import (
    AT_ONCE,
    CURSOR,
    LOOK_BACK,
    MOST_SERIES,
    PARTITION,
    SETTLED,
    TrafficDetector,
)
from clickstream.errors import InfrastructureError
from clickstream.live.minutes import TOTAL
from clickstream.ports import Item, Key
from tests.simulation.fakes import MemoryTable

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
RETIREMENT = timedelta(days=9)


class World:
    """Tables, a clock and what was published."""

    def __init__(self) -> None:
        self.counters, self.states, self.anomalies = MemoryTable(), MemoryTable(), MemoryTable()
        self.now = START
        self.published: list[TrafficAlert] = []
        self.is_topic_down = False
        self.detector = TrafficDetector(self.counters, self.states, self.anomalies, self._publish, lambda: self.now)

    def count(self, minute: datetime, **types: int) -> None:
        """One page of the counters."""
        page: Item = {"pk": f"{minute:%Y-%m-%d}", "sk": f"{minute:%H:%M}#lane", "events": sum(types.values())}
        self.counters.put(page | {"event_types": types})

    def last(self) -> dict[str, str]:
        """The last minute of each series."""
        return {item["sk"]: item["last"][:16] for item in self.states.query(PARTITION) if item["sk"] != CURSOR}

    def leave(self, series: str, age: timedelta, severity: str = "critical") -> Item:
        """An anomaly that nobody was told of, as old as this."""
        time = self.now - age
        anomaly = TrafficAnomaly(series, DROP, severity, time, 9.0, 0, 0.7).item() | {"stored_time": time.isoformat()}
        self.anomalies.put(anomaly)
        return anomaly

    def _publish(self, alert: TrafficAlert) -> None:
        if self.is_topic_down:
            raise InfrastructureError("refused")
        self.published.append(alert)


@pytest.fixture
def world() -> World:
    """An empty world."""
    return World()


def test_nothing_counted_yet_is_no_series(world: World) -> None:
    """Before the first event there is nothing to watch; the first event begins the series."""
    assert world.detector.detect().series == 0
    world.count(START + timedelta(minutes=5), click=3)
    world.now = START + timedelta(minutes=10) + SETTLED
    assert world.detector.detect().series == 2
    assert world.last() == {TOTAL: "2026-11-21T09:09", "type:click": "2026-11-21T09:09"}


def test_a_type_keeps_being_watched_when_it_does_not_come(world: World) -> None:
    """A minute without a type is a minute with none of it."""
    world.count(START, click=3, purchase=1)
    world.count(START + timedelta(minutes=1), click=3)
    world.now = START + timedelta(minutes=2) + SETTLED
    world.detector.detect()
    assert set(world.last().values()) == {"2026-11-21T09:01"}


def test_a_long_pause_is_caught_up_in_parts(world: World) -> None:
    """Ten hours are two runs of at most six."""
    world.count(START, click=1)
    world.now = START + timedelta(minutes=1) + SETTLED
    world.detector.detect()
    world.now += timedelta(hours=10)
    assert world.detector.detect().minutes == AT_ONCE // timedelta(minutes=1)
    assert world.detector.detect().minutes == (timedelta(hours=10) - AT_ONCE) // timedelta(minutes=1)
    assert world.detector.detect().minutes == 0


def test_what_lies_before_the_look_back_is_unknown(world: World) -> None:
    """After a pause of five days the series goes on two days ago."""
    world.count(START, click=1)
    world.now = START + timedelta(minutes=1) + SETTLED
    world.detector.detect()
    world.now += timedelta(days=5)
    world.detector.detect()
    newest = START + timedelta(days=5) - LOOK_BACK + AT_ONCE
    assert set(world.last().values()) == {newest.isoformat()[:16]}


def test_the_most_frequent_types_get_the_places(world: World) -> None:
    """A flood of made-up types does not push out what is frequent, and cannot open more series than there are."""
    world.count(START, page_view=500, **{f"junk{number}": 1 for number in range(60)})
    world.now = START + timedelta(minutes=1) + SETTLED
    world.detector.detect()
    assert len(world.last()) == MOST_SERIES
    assert {TOTAL, "type:page_view"} <= world.last().keys()


def test_a_type_that_was_given_up_gives_its_place_away(world: World) -> None:
    """Silent for more than a week, a type is not kept any more; the total always is."""
    for minute in range(300):
        world.count(START + timedelta(minutes=minute), click=50 + minute % 5)
    end = START + RETIREMENT
    while world.now < end:
        world.now += AT_ONCE
        world.detector.detect()
    assert world.last()["type:click"] < world.last()[TOTAL]


def test_types_that_came_only_once_give_their_places_away(world: World) -> None:
    """A flood of made-up types, too few of each to be missed, keeps later types from being watched for a week only."""
    world.count(START, **{f"junk{number}": 1 for number in range(60)})
    while world.now < START + RETIREMENT:
        world.now += AT_ONCE
        world.detector.detect()
    world.count(world.now, purchase=50)
    world.now += timedelta(minutes=10)
    world.detector.detect()
    assert "type:purchase" in world.last()


def test_an_alert_that_failed_is_sent_by_a_later_run(world: World) -> None:
    """A topic that is down holds nothing up, and says why; once it is back, the pending anomaly is told and marked."""
    anomaly = world.leave(TOTAL, OVERDUE + timedelta(seconds=1))
    world.is_topic_down = True
    run = world.detector.detect()
    assert (run.alerts, run.alerts_failed, run.problem) == (0, 1, "refused")
    world.is_topic_down = False
    run = world.detector.detect()
    assert (run.alerts, run.alerts_failed, run.problem) == (1, 0, "")
    assert [alert.anomalies[0]["sk"] for alert in world.published] == [anomaly["sk"]]
    assert list(world.anomalies.indexed("pending", PENDING)) == []
    assert world.detector.detect().alerts == 0


def test_after_a_long_outage_of_the_topic_few_messages_come(world: World) -> None:
    """Of forty anomalies the ten worst are told one by one, one message counts the others, and all are marked."""
    for number in range(MOST_SINGLE - 1):
        world.leave(f"type:bad{number}", timedelta(hours=2, minutes=number))
    for number in range(31):
        world.leave(f"type:mild{number}", timedelta(hours=1, minutes=number), "medium")
    assert world.detector.detect().alerts == MOST_SINGLE + 1
    assert [alert.anomalies[0]["severity"] for alert in world.published] == ["critical"] * 9 + ["medium"] * 2
    assert [alert.subject for alert in world.published][::MOST_SINGLE] == [
        "Clickstream anomaly: traffic_drop",
        "Clickstream anomalies of the traffic: 30 more",
    ]
    assert world.published[-1].message() == {
        "severity": "medium",
        "more_anomalies": 30,
        "rules": {DROP: 30},
        "first_detected_time": "2026-11-21T07:30:00+00:00",
        "last_detected_time": "2026-11-21T07:59:00+00:00",
        "read_them_with": "python -m batch_jobs.list_anomalies --since 2026-11-21T07:30:00+00:00",
    }
    assert list(world.anomalies.indexed("pending", PENDING)) == []
    assert world.detector.detect().alerts == 0


def test_an_anomaly_that_was_erased_stays_gone(world: World) -> None:
    """What goes between telling and marking does not come back by its mark."""
    anomaly = world.leave(TOTAL, timedelta(hours=1))
    publish = world.published.append

    def erase(alert: TrafficAlert) -> None:
        publish(alert)
        world.anomalies.delete(Key(anomaly["pk"], anomaly["sk"]))

    assert replace(world.detector, publish=erase).detect().alerts == 1
    assert list(world.anomalies.scan()) == []


def test_a_mark_that_fails_is_counted_with_its_cause(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is out; it will be repeated, and somebody can read why."""
    world.leave(TOTAL, timedelta(hours=1))

    def refuse(_table: MemoryTable, _item: Item) -> None:
        raise InfrastructureError("throttled")

    monkeypatch.setattr(MemoryTable, "put_existing", refuse)
    run = world.detector.detect()
    assert (run.alerts, run.alerts_failed, run.problem) == (1, 1, "throttled")
