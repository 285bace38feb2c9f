"""The sections of the report page: each takes the facts and says in one sentence what is to be seen."""

from collections.abc import Sequence

from batch_jobs.number_text import count, decimal, duration, plural, share
from batch_jobs.reports.facts import PageFacts
from batch_jobs.reports.markup import Html
from batch_jobs.reports.parts import NO_DATA, Column, section, table, with_bar
from batch_jobs.reports.report_rows import Row

_PAGES_SHOWN = 12
_TYPES_SHOWN = 15
_FEW_SESSIONS = 100
"""A conversion rate of fewer sessions is not worth a sentence."""


def funnel(facts: PageFacts) -> Html:
    """Sessions that reached each step on the way to a purchase."""
    rows = facts.table("funnel")
    if not rows or not rows[0]["sessions"]:
        return section("funnel", "From product to purchase", NO_DATA)
    first, last = rows[0], rows[-1]
    lost = min(rows[1:], key=lambda row: row["step_conversion"] if row["step_conversion"] is not None else 2)
    reading = (
        f"Of {plural(first['sessions'], 'session')} that viewed a product, {count(last['sessions'])}"
        f" ({share(last['total_conversion'])}) bought; the steepest drop is before {_step_name(lost)},"
        f" which {share(lost['step_conversion'])} of the sessions one step earlier reached."
    )
    return section(
        "funnel",
        "From product to purchase",
        reading,
        table(
            "Sessions that did these things in this order",
            [Column("Step"), Column("Sessions"), Column("Of the step before"), Column("Of all viewers")],
            (
                (
                    with_bar(_step_name(row), row["total_conversion"] or 0),
                    count(row["sessions"]),
                    share(row["step_conversion"]) if row["step"] > 1 else "",
                    share(row["total_conversion"]),
                )
                for row in rows
            ),
        ),
    )


def _step_name(row: Row) -> str:
    return str(row["event_type"]).replace("_", " ")


def top_pages(facts: PageFacts) -> Html:
    """The pages people looked at most."""
    rows = [row for row in facts.table("top_pages") if row["page_views"]]
    if not rows:
        return section("pages", "Top pages", NO_DATA)
    shown, most = rows[:_PAGES_SHOWN], rows[0]
    reading = (
        f"{_path(most)} is viewed most, with {share(most['view_share'])} of all page views;"
        f" the {len(shown)} pages below make up {share(sum(row['view_share'] for row in shown))}."
    )
    return section(
        "pages",
        "Top pages",
        reading,
        table(
            "Page views by people",
            [
                Column("Page"),
                Column("Views"),
                Column("Visitors"),
                Column("Share", is_wide_only=True),
                Column("By bots", is_wide_only=True),
            ],
            (
                (
                    with_bar(_path(row), row["view_share"] / most["view_share"]),
                    count(row["page_views"]),
                    count(row["visitors"]),
                    share(row["view_share"]),
                    count(row["bot_views"]),
                )
                for row in shown
            ),
        ),
    )


def _path(row: Row) -> str:
    return str(row["page_path"] or "(no address)")


def channels(facts: PageFacts) -> Html:
    """Where sessions came from."""
    rows = facts.table("channels")
    if not rows:
        return section("channels", "Channels", NO_DATA)
    total = sum(row["sessions"] or 0 for row in rows)
    return section(
        "channels",
        "Channels",
        _channel_reading(rows, total),
        table(
            "Sessions by the channel of their first event",
            [Column("Channel"), Column("Sessions"), Column("Orders"), Column("Conversion")],
            (
                (
                    with_bar(str(row["channel"]), _part(row["sessions"], rows[0]["sessions"])),
                    count(row["sessions"]),
                    count(row["orders"]),
                    share(row["conversion_rate"]),
                )
                for row in rows
            ),
        ),
    )


def _channel_reading(rows: Sequence[Row], total: int) -> str:
    reading = f"Most sessions come from {rows[0]['channel']} ({share(_part(rows[0]['sessions'], total))})"
    solid = [
        row for row in rows if (row["sessions"] or 0) >= _FEW_SESSIONS and row["orders"] and row["conversion_rate"]
    ]
    if not solid:
        return f"{reading}."
    best = max(solid, key=lambda row: row["conversion_rate"])
    return (
        f"{reading}; among channels with {_FEW_SESSIONS} sessions or more, {best['channel']} converts best"
        f" ({share(best['conversion_rate'])})."
    )


def _part(value: float | None, whole: float | None) -> float:
    """Share of the whole; 0 where one of them is left out."""
    return value / whole if value and whole else 0.0


def event_types(facts: PageFacts) -> Html:
    """What kinds of events there are."""
    rows = facts.table("event_types")
    if not rows:
        return section("types", "Event types", NO_DATA)
    shown, most = rows[:_TYPES_SHOWN], rows[0]
    return section(
        "types",
        "Event types",
        f"{plural(len(rows), 'kind')} of events; {most['event_type']} makes up {share(most['event_share'])}.",
        table(
            "Events, bots included",
            [Column("Type"), Column("Events"), Column("Share"), Column("By bots", is_wide_only=True)],
            (
                (
                    with_bar(str(row["event_type"]), row["events"] / most["events"]),
                    count(row["events"]),
                    share(row["event_share"]),
                    count(row["bot_events"]),
                )
                for row in shown
            ),
        ),
    )


def http_status(facts: PageFacts) -> Html:
    """How the web server answered; nothing where the events do not come from an access log."""
    rows = facts.table("http_status")
    if not rows:
        return Html("")
    failed = sum(row["share"] for row in rows if row["status_class"] in ("4xx", "5xx"))
    return section(
        "status",
        "Answers of the web server",
        f"{share(failed)} of the requests could not be answered as asked.",
        table(
            "Requests by status, bots included",
            [Column("Status"), Column("Requests"), Column("Share")],
            (
                (with_bar(row["status_class"], row["share"]), count(row["requests"]), share(row["share"]))
                for row in rows
            ),
        ),
    )


def sessions(facts: PageFacts) -> Html:
    """How sessions went, by device."""
    rows = facts.table("session_summary")
    if not rows:
        return section("sessions", "Sessions", NO_DATA)
    most = rows[0]
    reading = "There are too few sessions to say more."
    if most["sessions"] is not None:
        reading = (
            f"Half of the sessions on {most['device_type']}, the most used kind of device, last"
            f" {duration(most['median_duration_s'])} or longer, and {share(most['bounce_rate'])} see one page or none."
        )
    columns = ["Device", "Sessions", "Median time", "Events each", "One page or none", "Conversion"]
    return section(
        "sessions",
        "Sessions",
        reading,
        table(
            "Sessions of people by the device of their first event",
            [Column(heading, heading.startswith(("Events", "One"))) for heading in columns],
            (_session_cells(row, most) for row in rows),
        ),
    )


def _session_cells(row: Row, most: Row) -> Sequence[str]:
    return (
        with_bar(str(row["device_type"]), _part(row["sessions"], most["sessions"])),
        count(row["sessions"]),
        duration(row["median_duration_s"]),
        decimal(row["events_per_session"]),
        share(row["bounce_rate"]),
        share(row["conversion_rate"]),
    )
