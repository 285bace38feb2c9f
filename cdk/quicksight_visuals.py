"""What the dashboard shows, as a list: its sheets, and on each the visuals, row by row."""

from dataclasses import dataclass
from typing import Literal

from cdk.quicksight_datasets import DATASETS, DAY, Dataset

Kind = Literal["kpi", "line", "bars", "ranking", "funnel", "table", "heat_map"]


@dataclass(frozen=True)
class Visual:
    """One visual.

    Attributes:
        kind: How it looks.
        name: Its id.
        title: What it says, in plain words.
        dataset: Name of the dataset.
        values: Columns that are added up.
        by: Columns that they are shown by; of a heat map the rows, then the columns.
        colour: The column each of whose values has a colour; empty for none.
        order: The column that sorts a funnel; empty for none.
    """

    kind: Kind
    name: str
    title: str
    dataset: str
    values: tuple[str, ...]
    by: tuple[str, ...] = (DAY,)
    colour: str = ""
    order: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that it names."""
        return (*self.values, *self.by, *(name for name in (self.colour, self.order) if name))


@dataclass(frozen=True)
class Row:
    """Visuals that stand beside each other and share the width; the height is in rows of the grid."""

    height: int
    visuals: tuple[Visual, ...]


@dataclass(frozen=True)
class Sheet:
    """One page of the dashboard."""

    name: str
    title: str
    rows: tuple[Row, ...]

    @property
    def visuals(self) -> tuple[Visual, ...]:
        """In reading order."""
        return tuple(visual for row in self.rows for visual in row.visuals)

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """Those that its visuals show."""
        shown = {visual.dataset for visual in self.visuals}
        return tuple(dataset for dataset in DATASETS if dataset.name in shown)


_NEWEST = tuple(
    Visual("kpi", f"newest-{column}", f"{column.capitalize()} of the newest day", "daily_metrics", (column,))
    for column in ("events", "visitors", "sessions", "orders")
)
_PAGES = "Most viewed pages, of the first fifty of each day"
_RETENTION = "Visitors who came back, by the day of their first visit: newest report, whatever dates are chosen"
_CAMPAIGN = ("utm_campaign", "utm_source", "utm_medium")
_CLOCKS = ("late_events", "events_without_own_time")
SHEETS = (
    Sheet(
        "activity",
        "Activity",
        (
            Row(6, _NEWEST),
            Row(
                12,
                (Visual("line", "types", "Events by type", "event_types", ("events",), colour="event_type"),),
            ),
            Row(
                14,
                (
                    Visual("ranking", "pages", _PAGES, "top_pages", ("page_views",), ("page_path",)),
                    Visual(
                        "funnel",
                        "funnel",
                        "Sessions on the way to a purchase",
                        "funnel",
                        ("sessions",),
                        ("event_type",),
                        order="step",
                    ),
                ),
            ),
        ),
    ),
    Sheet(
        "visits",
        "Visits",
        (
            Row(
                12,
                (
                    Visual(
                        "bars",
                        "devices",
                        "Sessions by device",
                        "session_summary",
                        ("sessions",),
                        colour="device_type",
                    ),
                    Visual("ranking", "channels", "Sessions by source", "channels", ("sessions",), ("channel",)),
                ),
            ),
            Row(
                12,
                (
                    Visual(
                        "table",
                        "campaigns",
                        "Campaigns, of the first fifty of each day",
                        "campaigns",
                        ("sessions", "page_views", "orders"),
                        _CAMPAIGN,
                    ),
                ),
            ),
            Row(
                14,
                (
                    Visual(
                        "heat_map",
                        "retention",
                        _RETENTION,
                        "retention",
                        ("retention_rate",),
                        ("cohort_date", "period"),
                    ),
                ),
            ),
        ),
    ),
    Sheet(
        "quality",
        "Quality of the data",
        (
            Row(
                12,
                (Visual("bars", "bad", "Events that were refused", "bad_events", ("events",), colour="reason"),),
            ),
            Row(
                12,
                (
                    Visual(
                        "bars",
                        "machines",
                        "Events of people and of machines",
                        "daily_metrics",
                        ("events", "bot_events"),
                    ),
                    Visual("line", "clocks", "Events that came late or without a usable time", "headline", _CLOCKS),
                ),
            ),
        ),
    ),
)
LABELS = {
    DAY: "Day, UTC",
    "bot_events": "Events of machines",
    "channel": "Source",
    "cohort_date": "Day of the first visit",
    "device_type": "Device",
    "event_type": "Type of event",
    "events": "Events",
    "events_without_own_time": "Without a usable time",
    "late_events": "An hour late or more",
    "orders": "Orders",
    "page_path": "Page",
    "page_views": "Page views",
    "period": "Days after the first visit",
    "reason": "Reason",
    "retention_rate": "Share who came back",
    "sessions": "Sessions",
    "utm_campaign": "Campaign",
    "utm_medium": "Medium",
    "utm_source": "Source",
    "visitors": "Visitors",
}
"""What people read in place of the name of a column."""
