"""The sections of the report page about what is hoped for: visitors who bought, and the variants of an experiment."""

from collections.abc import Sequence

from batch_jobs.number_text import count, decimal, plural, share
from batch_jobs.reports.facts import PageFacts
from batch_jobs.reports.markup import Html
from batch_jobs.reports.parts import NO_DATA, Column, section, table, with_range
from batch_jobs.reports.report_rows import Row

CONTROL = "control"
"""The variant that the others are compared with; without one of this name there is no experiment to tell of."""
_CERTAIN = 1.96


def conversion(facts: PageFacts) -> Html:
    """Visitors of each day who bought, with the range in which the rate lies."""
    rows = facts.table("conversion")
    if not rows:
        return section("conversion", "Visitors who bought", NO_DATA)
    scale = max((row["rate_high"] or 0 for row in rows), default=0) or 1
    return section(
        "conversion",
        "Visitors who bought",
        f"{_reading(rows)} The line is the range in which the rate lies with 95 % certainty.",
        table(
            f"Visitors of each day with a purchase; the scale ends at {share(scale)}",
            [Column("Day"), Column("Visitors"), Column("Bought"), Column("Rate"), Column("Range", is_wide_only=True)],
            (_day(row, scale) for row in rows),
        ),
    )


def _reading(rows: Sequence[Row]) -> str:
    known = [row for row in rows if row["conversion_rate"] is not None]
    if not known:
        return "There are too few visitors to state a rate."
    if len(rows) == 1:
        return f"{share(known[0]['conversion_rate'])} of {plural(known[0]['visitors'], 'visitor')} bought."
    best = max(known, key=lambda row: row["conversion_rate"])
    return f"The best day is {best['local_date']} with {share(best['conversion_rate'])}."


def _day(row: Row, scale: float) -> Sequence[str]:
    low, middle, high = row["rate_low"], row["conversion_rate"], row["rate_high"]
    day = str(row["local_date"])
    return (
        day if middle is None else with_range(day, low / scale, middle / scale, high / scale),
        count(row["visitors"]),
        count(row["converted_visitors"]),
        share(middle),
        f"{share(low)} to {share(high)}",
    )


def experiment(facts: PageFacts) -> Html:
    """Each variant against the control; nothing where no event names a variant, or none of them is the control."""
    rows = facts.table("ab_test")
    variants = {row["variant"] for row in rows}
    if CONTROL not in variants or len(variants) == 1:
        return Html("")
    return section(
        "experiment",
        "Experiment",
        f"{_sure(rows)} Judge once, when the planned number of visitors is reached.",
        table(
            "Visitors by the variant that their events name, and purchases after it",
            [
                Column("Variant"),
                Column("Visitors"),
                Column("Conversion"),
                Column("Difference"),
                Column("95 % range of it", is_wide_only=True),
                Column("z", is_wide_only=True),
            ],
            (_variant(row) for row in rows),
        ),
    )


def _sure(rows: Sequence[Row]) -> str:
    sure = [str(row["variant"]) for row in rows if row["z_score"] is not None and abs(row["z_score"]) >= _CERTAIN]
    if not sure:
        return "No variant differs from the control more than chance would make it."
    return f"Chance alone is unlikely to explain the difference of {', '.join(sure)} from the control."


def _variant(row: Row) -> Sequence[str]:
    low, high = row["difference_low"], row["difference_high"]
    is_compared = low is not None and high is not None
    return (
        str(row["variant"]),
        count(row["visitors"]),
        share(row["conversion_rate"]),
        share(row["difference"]) if is_compared else "",
        f"{share(low)} to {share(high)}" if is_compared else "",
        decimal(row["z_score"]) if is_compared else "",
    )
