"""The sections of the report page about ways through the site: where sessions begin and end, and what comes next."""

from collections.abc import Sequence

from batch_jobs.number_text import count, share
from batch_jobs.reports.facts import PageFacts
from batch_jobs.reports.markup import Html
from batch_jobs.reports.parts import NO_DATA, Column, section, table, with_bar
from batch_jobs.reports.report_rows import Row

_PAGES_SHOWN = 10
_STEPS_SHOWN = 12
_EXIT = "(exit)"


def entries_exits(facts: PageFacts) -> Html:
    """Where sessions begin and end."""
    rows = facts.table("entry_exit_pages")
    if not rows:
        return section("entries", "Where sessions begin and end", NO_DATA)
    first = rows[0]
    most = max(row["entries"] or 0 for row in rows) or 1
    reading = f"Most sessions begin on {first['page_path']}; {share(first['bounce_rate'])} of them see no other page."
    return section(
        "entries",
        "Where sessions begin and end",
        reading if first["bounce_rate"] is not None else "Pages on which sessions begin and end.",
        table(
            "Sessions by their first and last page",
            [
                Column("Page"),
                Column("Begin"),
                Column("End"),
                Column("See no other", is_wide_only=True),
                Column("Conversion", is_wide_only=True),
            ],
            (
                (
                    with_bar(str(row["page_path"]), (row["entries"] or 0) / most),
                    count(row["entries"]),
                    count(row["exits"]),
                    share(row["bounce_rate"]),
                    share(row["entry_conversion_rate"]),
                )
                for row in rows[:_PAGES_SHOWN]
            ),
        ),
    )


def paths(facts: PageFacts) -> Html:
    """The most frequent steps from one page to the next."""
    rows = facts.table("paths")
    if not rows:
        return section("paths", "Where people go next", NO_DATA)
    return section(
        "paths",
        "Where people go next",
        f"{_reading(rows)} A page that is loaded again is followed by itself.",
        table(
            "Most frequent steps within a session",
            [Column("From, to"), Column("Steps"), Column("Of the page's steps")],
            (
                (
                    with_bar(f"{row['page_path']} → {_next(row)}", row["moves"] / rows[0]["moves"]),
                    count(row["moves"]),
                    share(row["move_share"]),
                )
                for row in rows[:_STEPS_SHOWN]
            ),
        ),
    )


def _reading(rows: Sequence[Row]) -> str:
    """The most frequent step to another page."""
    onward = next((row for row in rows if row["next_page"] not in (_EXIT, row["page_path"])), None)
    if onward is None:
        return "No page leads to another one often."
    return (
        f"The most frequent step to another page leads from {onward['page_path']} to {onward['next_page']}:"
        f" {share(onward['move_share'])} of all steps from there."
    )


def _next(row: Row) -> str:
    return "end of the session" if row["next_page"] == _EXIT else str(row["next_page"])
