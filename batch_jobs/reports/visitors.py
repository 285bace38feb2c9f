"""The sections of the report page about people over days: new and returning, came and stayed away, came back."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from batch_jobs.number_text import count, plural, share
from batch_jobs.reports import columns
from batch_jobs.reports.columns import Part
from batch_jobs.reports.facts import PageFacts
from batch_jobs.reports.markup import Html
from batch_jobs.reports.parts import NO_DATA, Column, Tile, folded, heat, legend, section, table, tiles
from batch_jobs.reports.report_rows import Row

_COHORTS_SHOWN = 15
_FEW_VISITORS = 100
"""A share of fewer new visitors is not worth a sentence."""
_ON_A_PHONE = 4
"""Periods of the triangle that a phone has room for."""
_MOVES = {
    "new_visitors": ("New", "never seen before"),
    "retained_visitors": ("Retained", "here the day before as well"),
    "resurrected_visitors": ("Resurrected", "back after a day or more away"),
    "dormant_visitors": ("Dormant", "here the day before, not now"),
}


def new_returning(facts: PageFacts) -> Html:
    """How many visitors of each day had been here before, and what their sessions came to."""
    rows = facts.table("new_returning")
    if not rows:
        return section("visitors", "New and returning visitors", NO_DATA)
    days: defaultdict[date, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        days[row["local_date"]][row["visitor_type"]] = row
    reading = f"{_returning(days)} {facts.looked_back('new_returning')}"
    numbers = _new_returning_table(rows)
    if len(days) == 1:
        return section("visitors", "New and returning visitors", reading, numbers)
    dates = sorted(days)
    parts = [
        Part(f"part-{place}", f"{kind} visitors", [days[day].get(kind, {}).get("visitors", 0) for day in dates])
        for place, kind in enumerate(("new", "returning"), 1)
    ]
    return section(
        "visitors",
        "New and returning visitors",
        reading,
        columns.draw("Visitors by day, new and returning", dates, parts),
        legend((part.class_, part.name) for part in parts),
        folded("Numbers of the chart", numbers),
    )


def _returning(days: Mapping[date, Mapping[str, Row]]) -> str:
    visits = [row["visitors"] for found in days.values() for row in found.values()]
    back = sum(found["returning"]["visitors"] or 0 for found in days.values() if "returning" in found)
    if any(number is None for number in visits) or not sum(visits):
        return "A visitor is new on the day of the first session that the lake knows of."
    of = "visitors" if len(days) == 1 else "visitors of a day, on average,"
    return f"{share(back / sum(visits))} of the {of} had been here on a day before."


def _new_returning_table(rows: Sequence[Row]) -> Html:
    return table(
        "Visitors by the day of their first known session",
        [
            Column("Day and visitors"),
            Column("Visitors"),
            Column("Sessions", is_wide_only=True),
            Column("Page views", is_wide_only=True),
            Column("Conversion"),
        ],
        (
            (
                f"{row['local_date']}, {row['visitor_type']}",
                count(row["visitors"]),
                count(row["sessions"]),
                count(row["page_views"]),
                share(row["conversion_rate"]),
            )
            for row in rows
        ),
    )


def lifecycle(facts: PageFacts) -> Html:
    """Who came for the first time, again, or no more."""
    rows = facts.table("lifecycle")
    title = "Who came and who stayed away"
    if not rows:
        return section("lifecycle", title, NO_DATA)
    back = facts.looked_back("lifecycle")
    if len(rows) == 1:
        found = [Tile(words, count(rows[0][name]), note) for name, (words, note) in _MOVES.items()]
        return section("lifecycle", title, f"Visitors of the day by what they did before. {back}", tiles(found))
    dates = [row["period_date"] for row in rows]
    parts = [
        Part(class_, words.lower(), [row[name] for row in rows], is_down=class_ == "part-lost")
        for class_, (name, (words, _)) in zip(("part-1", "part-2", "part-3", "part-lost"), _MOVES.items(), strict=True)
    ]
    notes = [f"{words.lower()}: {note}" for words, note in _MOVES.values()]
    return section(
        "lifecycle",
        title,
        f"{_growing(rows)} {back}",
        columns.draw("Visitors by day: new, retained, resurrected, and below the line dormant", dates, parts),
        legend((part.class_, note) for part, note in zip(parts, notes, strict=True)),
        folded("Numbers of the chart", _lifecycle_table(rows)),
    )


def _growing(rows: Sequence[Row]) -> str:
    """Whether more came (back) than stayed away, after the first day, on which all are new."""
    later = rows[1:]
    if any(row[name] is None for row in later for name in _MOVES):
        return "Visitors of each day by what they did before."
    came = sum(row["new_visitors"] + row["resurrected_visitors"] for row in later)
    went = sum(row["dormant_visitors"] for row in later)
    return (
        f"After the first day {count(came)} visits by new or resurrected visitors stand against {count(went)} losses."
    )


def _lifecycle_table(rows: Sequence[Row]) -> Html:
    return table(
        "Visitors of each day by what they did before",
        [Column("Day"), *(Column(words) for words, _ in _MOVES.values())],
        ((f"{row['period_date']}", *(count(row[name]) for name in _MOVES)) for row in rows),
    )


def retention(facts: PageFacts) -> Html:
    """The triangle: who came for the first time on a day, and how many of them were here on each later one."""
    rows = facts.table("retention")
    title = "Who comes back"
    if not rows:
        return section("retention", title, NO_DATA)
    cohorts: defaultdict[date, dict[int, Row]] = defaultdict(dict)
    for row in rows:
        cohorts[row["cohort_date"]][int(row["period"])] = row
    newest = {day: cohorts[day] for day in sorted(cohorts)[-_COHORTS_SHOWN:]}
    last = max(period for found in newest.values() for period in found)
    if not last:
        return section("retention", title, "There is no later day yet on which new visitors could have come back.")
    reading = f"{_next_day(newest)} {facts.looked_back('retention')}"
    return section("retention", title, reading, _triangle(newest, last))


def _next_day(cohorts: Mapping[date, Mapping[int, Row]]) -> str:
    """Share of all first visitors that were here on the next day, of days whose next one is over."""
    after = [found[1] for found in cohorts.values() if 1 in found]
    found = [row for row in after if row["is_complete"] and row["retention_rate"] is not None]
    visitors = sum(row["visitors"] for row in found)
    if visitors < _FEW_VISITORS:
        return "Of those who came for the first time on a day, how many were here on later ones."
    back = sum(row["returned"] for row in found)
    return f"{share(back / visitors)} of {plural(visitors, 'new visitor')} were here on the next day as well."


def _triangle(cohorts: Mapping[date, Mapping[int, Row]], last: int) -> Html:
    periods = range(1, last + 1)
    rates = [row["retention_rate"] or 0 for found in cohorts.values() for period, row in found.items() if period]
    darkest = max(rates, default=0) or 1
    headings = [Column(f"+{period}", period > _ON_A_PHONE) for period in periods]
    is_open = any(not row["is_complete"] for found in cohorts.values() for row in found.values())
    note = "; * that day goes on after the end of the interval" if is_open else ""
    return table(
        f"Share of the new visitors of a day who were here so many days later{note}",
        [Column("First day"), Column("Visitors"), *headings],
        (
            (f"{day}", count(found[0]["visitors"]), *(_rate(found.get(period), darkest) for period in periods))
            for day, found in cohorts.items()
        ),
        class_="tight",
    )


def _rate(row: Row | None, darkest: float) -> str:
    if row is None:
        return ""
    rate = row["retention_rate"]
    words = share(rate)
    return heat(words if row["is_complete"] else f"{words}*", None if rate is None else rate / darkest)
