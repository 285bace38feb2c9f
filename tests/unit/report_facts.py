"""One day of a small shop as the report page gets it, and the page as a person reads it."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

from batch_jobs.lake_interval import Interval
from batch_jobs.lake_state import Anomaly, LakeState
from batch_jobs.reports.facts import PageFacts
from batch_jobs.reports.report_rows import ReportRows

DAY = datetime(2026, 11, 21, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script>&\x00\ud800"
NONE = LakeState(None, (), 0, 0, 0, 0, ())
ROWS: dict[str, list[dict[str, Any]]] = {
    "headline": [
        {
            "all_events": 1100,
            "events": 1000,
            "bot_events": 100,
            "visitors": 90,
            "late_events": 7,
            "events_without_own_time": 3,
        }
    ],
    "session_summary": [
        {
            "device_type": "desktop",
            "sessions": 120,
            "median_duration_s": 75.0,
            "events_per_session": 8.3,
            "bounce_rate": 0.25,
            "converted_sessions": 6,
            "conversion_rate": 0.05,
        }
    ],
    "revenue": [
        {"currency": "EUR", "orders": 5, "revenue": Decimal("1234.50")},
        {"currency": "USD", "orders": 1, "revenue": Decimal("20.00")},
        {"currency": None, "orders": 1, "revenue": None},
    ],
    "events_per_minute": [
        {"minute_time": datetime(2026, 11, 21, 9, minute), "events": 10 * minute, "bot_events": minute}  # noqa: DTZ001
        for minute in range(1, 30)
    ],
    "funnel": [
        {"step": step, "event_type": name, "sessions": count, "step_conversion": of_step, "total_conversion": of_all}
        for step, name, count, of_step, of_all in [
            (1, "view_item", 100, 1.0, 1.0),
            (2, "add_to_cart", 40, 0.4, 0.4),
            (3, "begin_checkout", 10, 0.25, 0.1),
            (4, "purchase", 6, 0.6, 0.06),
        ]
    ],
    "top_pages": [{"page_path": HOSTILE, "page_views": 30, "visitors": 20, "view_share": 0.3, "bot_views": 4}],
    "http_status": [{"status_class": "4xx", "requests": 40, "share": 0.4}],
    "channels": [{"channel": "organic_search", "sessions": 120, "orders": 7, "conversion_rate": 0.05}],
    "event_types": [{"event_type": "page_view", "events": 1100, "bot_events": 100, "event_share": 1.0}],
    "bad_events": [{"reason": "not_json", "events": 10}, {"reason": "too_deep", "events": 1}],
}


def facts(**changes: Any) -> PageFacts:
    """A page about one day; `changes` replaces parts of it."""
    state = LakeState(
        as_of_hour="2026-11-21T23",
        open_hours=("2026-11-22T00",),
        received_hours=24,
        rows=1100,
        duplicates=12,
        quarantined=2,
        anomalies=(
            Anomaly("click_rate", "high", DAY + timedelta(hours=9, minutes=5)),
            Anomaly(HOSTILE, "strange", DAY + timedelta(hours=9, minutes=6)),
            Anomaly("click_rate", "high", DAY - timedelta(days=9)),
            Anomaly("click_rate", "high", None),
        ),
    )
    made: dict[str, Any] = {
        "interval": Interval(DAY, DAY + timedelta(days=1)),
        "time_zone": "UTC",
        "made_time": DAY + timedelta(days=1, hours=3),
        "state": state,
        "rows": ROWS,
        "runs": [
            {
                "title": "Headline",
                "bytes_scanned": 2_500_000,
                "cost_dollars": 0.00005,
                "seconds": 0.4,
                "query_id": "q-1",
            }
        ],
    }
    given = made | changes
    return PageFacts(**{"numbers": ReportRows(given["rows"]).key_numbers, **given})


def words(page: str) -> str:
    """The text of the page as a person reads it."""
    return re.sub(r"\s+", " ", " ".join(tree(page).find("body").itertext()))  # type: ignore[union-attr]  # every page has one


def tree(page: str) -> ET.Element:
    """The page read by a strict parser."""
    return ET.fromstring(page.removeprefix("<!DOCTYPE html>"))  # noqa: S314  # our own page
