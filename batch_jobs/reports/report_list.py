"""The reports that a run makes, in the order in which it asks for them."""

from dataclasses import dataclass

_MB = 1_000_000


@dataclass(frozen=True)
class Report:
    """One report: file name of its statement, title for people, and the bytes that it may read for each day."""

    name: str
    title: str
    budget_bytes: int = 2_000 * _MB
    by_arrival: bool = False
    """Its rows have no event time: it reads the hours in which the interval's events arrived."""


REPORTS = (
    Report("headline", "The interval in one row"),
    Report("daily_metrics", "Days"),
    Report("hourly_metrics", "Hours"),
    Report("events_per_minute", "Events per minute"),
    Report("funnel", "Purchase funnel"),
    Report("top_pages", "Top pages"),
    Report("top_clients", "Top clients"),
    Report("http_status", "Answers of the web server"),
    Report("channels", "Channels"),
    Report("revenue", "Revenue"),
    Report("event_types", "Event types"),
    Report("session_summary", "Sessions"),
    Report("bad_events", "Bad events", budget_bytes=500 * _MB, by_arrival=True),
)
