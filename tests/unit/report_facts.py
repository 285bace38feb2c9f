"""One day of a small shop as the report page gets it, and the page as a person reads it."""

import re
from datetime import UTC, date, datetime, timedelta
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


def variant(name: str, visitors: int, rate: float, z_score: float | None) -> dict[str, Any]:
    """A variant of an experiment; the control has no z."""
    given = None if z_score is None else 0.1
    found = {"difference": given, "difference_low": given, "difference_high": given, "z_score": z_score}
    return {"variant": name, "visitors": visitors, "conversion_rate": rate} | found


def credit(
    model: str, channel: str, conversions: float, revenue: float | None, currency: str | None = "EUR"
) -> dict[str, Any]:
    """What a channel earned by a model."""
    return {
        "model": model,
        "channel": channel,
        "currency": currency,
        "conversions": conversions,
        "revenue": revenue,
    }


def met(day: int, kind: str, visitors: int | None) -> dict[str, Any]:
    """New or returning visitors of a day in November."""
    rest = {"sessions": 9, "page_views": 20, "conversion_rate": 0.1}
    return {"local_date": date(2026, 11, day), "visitor_type": kind, "visitors": visitors} | rest


def moved(day: int, new: int, retained: int, resurrected: int, dormant: int) -> dict[str, Any]:
    """Visitors of a day in November by what they did before."""
    names = ("new_visitors", "retained_visitors", "resurrected_visitors", "dormant_visitors")
    numbers = zip(names, (new, retained, resurrected, dormant), strict=True)
    return {"period_date": date(2026, 11, day), **dict(numbers)}


def stayed(day: int, period: int, visitors: int, returned: int, *, is_complete: bool = True) -> dict[str, Any]:
    """Who of the new visitors of a day in November was here so many days later."""
    return {
        "cohort_date": date(2026, 11, day),
        "period": period,
        "visitors": visitors,
        "returned": returned,
        "retention_rate": returned / visitors,
        "is_complete": is_complete,
    }


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
    "daily_metrics": [
        {
            "local_date": date(2026, 11, 21),
            "events": 1000,
            "bot_events": 100,
            "page_views": 400,
            "visitors": 90,
            "orders": 7,
        }
    ],
    "hourly_metrics": [
        {
            "local_date": date(2026, 11, 21),
            "local_hour": 9,
            "events": 1000,
            "bot_events": 100,
            "page_views": 400,
            "visitors": 90,
            "orders": 7,
        }
    ],
    "anomalies": [
        {"hour_time": datetime(2026, 11, 21, 3), "events": 0, "expected": 80, "score": -8.9},  # noqa: DTZ001
        {"hour_time": datetime(2026, 11, 21, 9), "events": 900, "expected": 100, "score": 80.0},  # noqa: DTZ001
    ],
    "conversion": [
        {
            "local_date": date(2026, 11, 21),
            "visitors": 90,
            "converted_visitors": 9,
            "goals": 11,
            "conversion_rate": 0.1,
            "rate_low": 0.05,
            "rate_high": 0.2,
        }
    ],
    "ab_test": [
        variant("control", 40, 0.1, None),
        variant("green", 50, 0.3, 2.5),
        variant(HOSTILE, 45, 0.11, 0.1),
    ],
    "entry_exit_pages": [
        {"page_path": HOSTILE, "entries": 60, "exits": 20, "bounce_rate": 0.25, "entry_conversion_rate": 0.05},
        {"page_path": "/p/1", "entries": 0, "exits": 40, "bounce_rate": None, "entry_conversion_rate": None},
    ],
    "paths": [
        {"page_path": "/", "next_page": "(exit)", "moves": 30, "sessions": 30, "move_share": 0.6},
        {"page_path": "/", "next_page": "/", "moves": 12, "sessions": 9, "move_share": 0.24},
        {"page_path": "/", "next_page": HOSTILE, "moves": 8, "sessions": 8, "move_share": 0.16},
    ],
    "campaigns": [
        {
            "utm_source": "news",
            "utm_medium": None,
            "utm_campaign": HOSTILE,
            "sessions": 12,
            "visitors": 11,
            "bounce_rate": 0.5,
            "orders": 2,
            "conversion_rate": 0.1,
        }
    ],
    "attribution": [
        credit("first", "email", 5.0, 500.0),
        credit("last", "direct", 4.0, 400.0),
        credit("last", "email", 1.0, 100.0),
        credit("linear", "email", 2.5, 250.0),
        credit("linear", "direct", 2.5, 250.0),
        credit("last", "email", 1.0, None, None),
    ],
    "device_geo": [
        {"device_type": "desktop", "country": "DE", "sessions": 80},
        {"device_type": "mobile", "country": "DE", "sessions": 10},
        {"device_type": "desktop", "country": None, "sessions": 30},
    ],
    "new_returning": [met(21, "new", 60), met(21, "returning", 30)],
    "lifecycle": [moved(21, 60, 20, 10, 15)],
    "retention": [stayed(20, 0, 400, 400), stayed(20, 1, 400, 100), stayed(21, 0, 60, 60)],
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
