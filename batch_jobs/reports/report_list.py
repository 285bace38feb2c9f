"""The reports that a run makes, in the order in which it asks for them, and the Glue table of each."""

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from clickstream.tables import INSTANT, TEXT, Column, LakeTable

REPORT_TABLE_PREFIX = "report_"
"""No other table of the database begins so."""
_MB = 1_000_000
_TYPES = {
    "text": TEXT,
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "instant": INSTANT,
    "money": pa.decimal128(38, 2),
}
_DAY = (Column("report_date", pa.date32(), "UTC date that the report is about"),)


@dataclass(frozen=True)
class Report:
    """One report: file name of its statement, title for people, and the bytes that it may read for each day.

    `columns` are those of the statement's result, in order: name and type, one of `_TYPES`.
    """

    name: str
    title: str
    columns: str
    budget_bytes: int = 2_000 * _MB
    by_arrival: bool = False
    """Its rows have no event time: it reads the hours in which the interval's events arrived."""

    @cached_property
    def table(self) -> LakeTable:
        """The Glue table of the published days."""
        pairs = [column.split() for column in self.columns.split(", ")]
        columns = tuple(Column(name, _TYPES[kind], f"see sql/{self.name}.sql") for name, kind in pairs)
        return LakeTable(f"{REPORT_TABLE_PREFIX}{self.name}", f"Report by UTC day: {self.title}", columns, _DAY)


REPORTS = (
    Report(
        "headline",
        "The interval in one row",
        "all_events bigint, bot_events bigint, events bigint, visitors bigint, page_views bigint, late_events bigint, "
        "events_without_own_time bigint, first_event_time instant, last_event_time instant",
    ),
    Report(
        "daily_metrics",
        "Days",
        "local_date date, events bigint, bot_events bigint, page_views bigint, visitors bigint, sessions bigint, "
        "orders bigint",
    ),
    Report(
        "hourly_metrics",
        "Hours",
        "local_date date, local_hour bigint, events bigint, bot_events bigint, page_views bigint, visitors bigint, "
        "orders bigint",
    ),
    Report("events_per_minute", "Events per minute", "minute_time instant, events bigint, bot_events bigint"),
    Report(
        "funnel",
        "Purchase funnel",
        "step bigint, event_type text, sessions bigint, step_conversion double, total_conversion double",
    ),
    Report(
        "top_pages",
        "Top pages",
        "app_id text, page_path text, page_title text, page_views bigint, visitors bigint, sessions bigint, "
        "view_share double, bot_views bigint",
    ),
    Report(
        "top_clients",
        "Top clients",
        "app_id text, client_id text, events bigint, sessions bigint, pages bigint, is_bot boolean, "
        "first_event_time instant, last_event_time instant",
    ),
    Report("http_status", "Answers of the web server", "status_class text, requests bigint, share double"),
    Report(
        "channels",
        "Channels",
        "channel text, sessions bigint, visitors bigint, page_views bigint, orders bigint, conversion_rate double",
    ),
    Report("revenue", "Revenue", "local_date date, channel text, currency text, orders bigint, revenue money"),
    Report(
        "event_types",
        "Event types",
        "event_type text, events bigint, bot_events bigint, visitors bigint, event_share double",
    ),
    Report(
        "session_summary",
        "Sessions",
        "device_type text, sessions bigint, events_per_session double, page_views_per_session double, "
        "median_duration_s double, bounce_rate double, converted_sessions bigint, conversion_rate double",
    ),
    Report(
        "bad_events",
        "Bad events",
        "dt date, hour int, reason text, events bigint",
        budget_bytes=500 * _MB,
        by_arrival=True,
    ),
)
