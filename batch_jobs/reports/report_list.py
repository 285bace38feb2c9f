"""The reports that a run makes, in the order in which it asks for them, and the Glue table of each."""

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from batch_jobs.reports.column_meanings import meaning
from clickstream.lake_table import INSTANT, TEXT, Column, LakeTable
from clickstream.tables import MASKED_TABLES, REPORTS_PREFIX

REPORT_TABLE_PREFIX = "report_"
"""No other table of the database begins so."""
_MB = 1_000_000
_OF_SESSIONS = 500 * _MB
"""The table of sessions has a row where raw_events has some twenty."""
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
_SAYS_NOBODY = frozenset(column.name for table in MASKED_TABLES for column in table.columns) | {
    *("model", "reason", "status_class", "variant", "visitor_type"),
}
"""Texts that name nobody: those of the masked tables, and words from short lists."""
_DAY = (Column("report_date", pa.date32(), "UTC date that the report is about"),)


@dataclass(frozen=True)
class Report:
    """One report: file name of its statement, title for people, and the bytes that it may read of each day.

    `columns` are those of the statement's result, in order: name and type, one of `_TYPES`.
    """

    name: str
    title: str
    columns: str
    budget_bytes: int = 2_000 * _MB
    by_arrival: bool = False
    """Its rows have no event time: it reads the hours in which the interval's events arrived."""
    least_days: int = 1
    """Days up to the end of the interval that it is about at least, where a single one tells nothing."""

    @cached_property
    def table(self) -> LakeTable:
        """The Glue table of the published days."""
        pairs = [column.split() for column in self.columns.split(", ")]
        columns = tuple(Column(name, _TYPES[kind], meaning(self.name, name)) for name, kind in pairs)
        return LakeTable(f"{REPORT_TABLE_PREFIX}{self.name}", f"Report by UTC day: {self.title}", columns, _DAY)

    @property
    def names_nobody(self) -> bool:
        """Whether none of its texts can name a person: no clients, and no paths or titles of pages."""
        return all(column.name in _SAYS_NOBODY for column in self.table.columns if column.type == TEXT)


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
    Report(
        "anomalies",
        "Unusual hours",
        "hour_time instant, events bigint, expected bigint, score double",
        budget_bytes=500 * _MB,
    ),
    Report("events_per_minute", "Events per minute", "minute_time instant, events bigint, bot_events bigint"),
    Report(
        "funnel",
        "Purchase funnel",
        "step bigint, event_type text, sessions bigint, step_conversion double, total_conversion double",
    ),
    Report(
        "conversion",
        "Conversion of visitors",
        "local_date date, visitors bigint, converted_visitors bigint, goals bigint, conversion_rate double, "
        "rate_low double, rate_high double",
    ),
    Report(
        "ab_test",
        "Experiment",
        "variant text, visitors bigint, converted_visitors bigint, conversion_rate double, difference double, "
        "difference_low double, difference_high double, z_score double",
    ),
    Report(
        "top_pages",
        "Top pages",
        "app_id text, page_path text, page_title text, page_views bigint, visitors bigint, sessions bigint, "
        "view_share double, bot_views bigint",
    ),
    Report(
        "entry_exit_pages",
        "Entries and exits",
        "app_id text, page_path text, entries bigint, exits bigint, bounces bigint, bounce_rate double, "
        "entry_conversion_rate double",
        budget_bytes=_OF_SESSIONS,
    ),
    Report(
        "paths",
        "Paths",
        "app_id text, page_path text, next_page text, moves bigint, sessions bigint, move_share double",
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
    Report(
        "campaigns",
        "Campaigns",
        "utm_source text, utm_medium text, utm_campaign text, sessions bigint, visitors bigint, page_views bigint, "
        "orders bigint, bounce_rate double, conversion_rate double",
        budget_bytes=_OF_SESSIONS,
    ),
    Report(
        "attribution",
        "Attribution",
        "model text, channel text, currency text, conversions double, revenue double",
        budget_bytes=_OF_SESSIONS,
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
        "device_geo",
        "Devices and countries",
        "device_type text, country text, sessions bigint, visitors bigint, session_share double, page_views bigint, "
        "bounce_rate double, conversion_rate double",
        budget_bytes=_OF_SESSIONS,
    ),
    Report(
        "new_returning",
        "New and returning visitors",
        "local_date date, visitor_type text, visitors bigint, sessions bigint, page_views bigint, "
        "converted_sessions bigint, conversion_rate double",
        budget_bytes=_OF_SESSIONS,
    ),
    Report(
        "lifecycle",
        "Who came and who stayed away",
        "period_date date, new_visitors bigint, retained_visitors bigint, resurrected_visitors bigint, "
        "dormant_visitors bigint",
        budget_bytes=_OF_SESSIONS,
    ),
    Report(
        "retention",
        "Retention of visitors",
        "cohort_date date, period bigint, visitors bigint, returned bigint, retention_rate double, is_complete boolean",
        budget_bytes=_OF_SESSIONS,
        least_days=15,
    ),
    Report(
        "bad_events",
        "Bad events",
        "dt date, hour int, reason text, events bigint",
        budget_bytes=500 * _MB,
        by_arrival=True,
    ),
)

OPEN_TABLES = (*MASKED_TABLES, *(report.table for report in REPORTS if report.names_nobody))
"""What readers may ask who may not see persons. Nothing else: `session_scores` has the ids of sessions, bad events and
quarantine have what was sent, and answers of Athena have what anybody asked."""
OPEN_FOLDERS = (
    *(table.name for table in MASKED_TABLES),
    *(f"{REPORTS_PREFIX}/{report.name}" for report in REPORTS if report.names_nobody),
)
"""The folders of these tables in the bucket of the lake."""
