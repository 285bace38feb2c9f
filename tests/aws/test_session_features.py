"""The features of sessions through awswrangler and Athena's API, against numbers worked out by hand."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from aws_stores import S3Bucket
from batch_jobs.lake_interval import Interval
from batch_jobs.queries import Answer, Guard
from clickstream.errors import StatementError
from notebooks.lake_reader import LakeReader
from tests.aws.small_lake import BUCKET, DATABASE, DAY, WORKGROUP, account, at, event, fill

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3
OWN = """-- Events of people by day.
-- grain: one row per local_date
-- partitions: exactly the received hours that hold events of the interval
-- parameter received predicate: the received hours to read
-- parameter start timestamp: first event time, UTC, included
-- parameter end timestamp: last event time, UTC, excluded
-- parameter time_zone text = UTC: zone that days are cut in
SELECT CAST(event_time AT TIME ZONE :time_zone AS date) AS local_date, COUNT(*) AS events
FROM raw_events WHERE :received AND event_time >= :start AND event_time < :end GROUP BY 1 ORDER BY 1"""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LakeReader]:
    """Two sessions, one of them by a machine, and an event of nobody."""
    with account(tmp_path_factory.mktemp("cache")):
        fill(
            [
                event("page_view", at("22:30"), "A", page_path="/", user_agent="one"),
                event("view_item", at("22:30:10"), "A", page_path="/p/1", product_id="1", user_agent="one"),
                event("view_item", at("22:30:40"), "A", page_path="/p/2", product_id="2", user_agent="two"),
                event("search", at("22:31:00"), "A", page_path="/search", user_agent="one"),
                event("page_view", at("23:30"), "B", page_path="/", is_bot=True),
                event("page_view", at("23:30"), None, page_path="/"),
            ]
        )
        interval = Interval(DAY, DAY + timedelta(days=1))
        yield LakeReader(Guard(DATABASE, WORKGROUP), S3Bucket(BUCKET), interval, "Europe/Berlin")


def test_features_of_two_sessions(lake: LakeReader) -> None:
    """Counts, the busiest minute, gaps of 10, 30 and 20 s; a single event has no gap, and the day is the zone's."""
    person, machine = _rows(lake.ask("session_features"))
    expected = {
        "app_id": "shop",
        "session_id": "A",
        "start_time": at("22:30").replace(tzinfo=None),
        "local_date": date(2026, 11, 21),
        "local_hour": 23,
        "duration_s": 60,
        "events": 4,
        "busiest_minute_events": 3,
        "page_views": 1,
        "pages": 4,
        "products": 2,
        "searches": 1,
        "cart_adds": 0,
        "checkouts": 0,
        "purchases": 0,
        "agents": 2,
        "mean_gap_s": 20.0,
        "gap_variation": pytest.approx((200 / 3) ** 0.5 / 20),
        "is_bot": False,
    }
    assert person == expected
    told = ("session_id", "local_date", "local_hour", "duration_s", "agents", "mean_gap_s", "gap_variation", "is_bot")
    assert [machine[name] for name in told] == ["B", date(2026, 11, 22), 0, 0, 0, None, None, True]


def test_a_statement_of_a_notebook_keeps_the_contract(lake: LakeReader, capsys: pytest.CaptureFixture[str]) -> None:
    """It gets interval, hours and zone like a file, its cost is printed, and without a contract it is refused."""
    days = _rows(lake.ask_text(OWN))
    assert days == [{"local_date": date(2026, 11, 21), "events": 4}, {"local_date": date(2026, 11, 22), "events": 2}]
    assert capsys.readouterr().out.startswith("this statement: 2 rows, ")
    with pytest.raises(StatementError, match="must open with comments"):
        lake.ask_text("SELECT COUNT(*) AS events FROM raw_events")


def test_another_interval_reads_other_hours(lake: LakeReader) -> None:
    """Only partitions with events of the interval are named; a day without any has none."""
    assert lake.hours == ["2026-11-21T22", "2026-11-21T23"]
    assert lake.during(DAY - timedelta(days=3), DAY - timedelta(days=2)).hours == []


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return Answer(frame, "", 0, 0.0).rows()
