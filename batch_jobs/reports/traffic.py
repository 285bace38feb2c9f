"""The section of the report page about events over time and what was odd in them."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from batch_jobs.number_text import count, plural
from batch_jobs.reports import chart
from batch_jobs.reports.chart import Bucket, Series
from batch_jobs.reports.facts import PageFacts
from batch_jobs.reports.markup import Html
from batch_jobs.reports.parts import NO_DATA, Column, folded, legend, section, table
from batch_jobs.reports.report_rows import Row

_DAYS_BY_HOUR = 2
_COUNTS = ("events", "bot_events", "page_views", "visitors", "orders")


def traffic(facts: PageFacts) -> Html:
    """Events over time, with anomalies."""
    minutes = [
        Bucket(row["minute_time"].replace(tzinfo=UTC), int(row["events"]), int(row["bot_events"]))
        for row in facts.table("events_per_minute")
    ]
    if not minutes:
        return section("traffic", "Traffic over time", NO_DATA)
    series = chart.gather(minutes, facts.interval.start, _shown_end(facts, minutes), ZoneInfo(facts.time_zone))
    return section(
        "traffic",
        "Traffic over time",
        f"{_busiest(series)} {_odd(facts, series)}",
        chart.draw(series, facts.state.anomalies),
        legend(
            [
                ("all", f"events per {_step(series.step)}, bots included ({facts.time_zone} time)"),
                ("bots", "events by bots"),
                ("dot severity-high", "anomaly, high severity"),
                ("dot severity-medium", "anomaly, medium severity"),
                ("dot severity-low", "anomaly, low severity"),
            ]
        ),
        folded("Numbers of the chart", _numbers(facts)),
    )


def _numbers(facts: PageFacts) -> Html:
    """By hour for up to two days, else by day: what the chart shows, and people and orders."""
    days = facts.table("daily_metrics")
    hours = facts.table("hourly_metrics") if len(days) <= _DAYS_BY_HOUR else ()
    headings = ("Hour" if hours else "Day", "Events", "By bots", "Page views", "Visitors", "Orders")
    return table(
        f"Traffic of people by {'hour' if hours else 'day'} ({facts.time_zone} time)",
        [Column(heading, heading in {"By bots", "Page views"}) for heading in headings],
        ((_clock(row), *(count(row[name]) for name in _COUNTS)) for row in hours or days),
    )


def _clock(row: Row) -> str:
    hour = row.get("local_hour")
    return f"{row['local_date']}" if hour is None else f"{row['local_date']} {hour:02d}:00"


def _shown_end(facts: PageFacts, minutes: Sequence[Bucket]) -> datetime:
    """The end of the interval, or of the newest reported hour if the interval is not over yet."""
    last = minutes[-1].time + timedelta(minutes=1)
    if facts.made_time >= facts.interval.end:
        return facts.interval.end
    return min(facts.interval.end, max(last, facts.made_time))


def _busiest(series: Series) -> str:
    top = max(series.buckets, key=lambda bucket: bucket.events)
    return f"The busiest {_step(series.step)} began at {series.label(top.time)} with {plural(top.events, 'event')}."


def _odd(facts: PageFacts, series: Series) -> str:
    inside = [a for a in facts.state.anomalies if a.detected_time and series.start <= a.detected_time < series.end]
    if not inside:
        return "No anomaly was detected."
    rules = ", ".join(f"{count(n)} {rule}" for rule, n in Counter(a.rule for a in inside).most_common())
    return f"{plural(len(inside), 'anomaly was', 'anomalies were')} detected: {rules}."


def _step(step: timedelta) -> str:
    minutes = int(step.total_seconds()) // 60
    for size, noun in ((10_080, "week"), (1440, "day"), (60, "hour")):
        if minutes % size == 0:
            return noun if minutes == size else f"{minutes // size} {noun}s"
    return "minute" if minutes == 1 else f"{minutes} minutes"
