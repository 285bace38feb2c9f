"""What the report page says about numbers that were published before and are others now."""

from batch_jobs.number_text import moment, plural
from batch_jobs.reports import parts
from batch_jobs.reports.facts import PageFacts
from batch_jobs.reports.headline import name_of, value_of
from batch_jobs.reports.markup import Html, tag
from batch_jobs.reports.parts import Column


def notice(facts: PageFacts) -> Html:
    """One line at the top, if any number of the page was ever restated."""
    if not facts.restatements:
        return Html("")
    names = dict.fromkeys(name_of(one.number) for one in facts.restatements)
    verb = "was" if len(names) == 1 else "were"
    words = f"{plural(len(names), 'number')} of this page {verb} restated after publication: {', '.join(names)}."
    return tag("p", words, " See ", tag("a", "About", href="#about"), " for old and new values.", class_="warning")


def table(facts: PageFacts) -> Html:
    """Old and new value of each, and when; nothing if there is none."""
    if not facts.restatements:
        return Html("")
    return parts.table(
        "Numbers restated after publication",
        [Column("Number"), Column("Before"), Column("After"), Column("Why", is_wide_only=True), Column("When")],
        (
            (
                name_of(one.number),
                value_of(one.number, one.old),
                value_of(one.number, one.new),
                one.cause,
                moment(facts.local(one.restated_time)),
            )
            for one in reversed(facts.restatements)
        ),
    )
