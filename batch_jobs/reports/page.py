"""The report as one HTML page that asks nothing of the network: numbers, charts, tables, and where they come from."""

from collections import Counter
from collections.abc import Iterable

from batch_jobs.number_text import count, dollars, moment, plural, share, size
from batch_jobs.reports import goals, headline, journeys, restated, sections, sources, traffic, visitors
from batch_jobs.reports.facts import PageFacts
from batch_jobs.reports.markup import Html, tag
from batch_jobs.reports.odd_hours import odd_hours
from batch_jobs.reports.parts import Column, Tile, section, table, tiles, with_bar
from batch_jobs.reports.places import places
from batch_jobs.reports.style import STYLE

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""The browser itself holds the page to loading nothing."""
_HOURS_NAMED = 12
_LINKS = (
    ("headline", "In short"),
    ("traffic", "Traffic"),
    ("hours", "Unusual hours"),
    ("funnel", "Funnel"),
    ("conversion", "Conversion"),
    ("pages", "Pages"),
    ("entries", "Entries and exits"),
    ("paths", "Paths"),
    ("channels", "Channels"),
    ("types", "Event types"),
    ("campaigns", "Campaigns"),
    ("attribution", "Attribution"),
    ("visitors", "Visitors"),
    ("lifecycle", "Lifecycle"),
    ("retention", "Retention"),
    ("sessions", "Sessions"),
    ("places", "Devices"),
    ("quality", "Data quality"),
    ("about", "About"),
)


def render(facts: PageFacts) -> str:
    """The whole page. It is well-formed XML after the doctype, and every text in it is escaped."""
    page = tag("html", _head(facts), tag("body", _header(facts), _main(facts), _footer(facts)), lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


def _head(facts: PageFacts) -> Html:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("title", f"Clickstream report, {_span(facts)}"),
        tag("style", Html(STYLE)),
    )


def _header(facts: PageFacts) -> Html:
    links = [tag("li", tag("a", words, href=f"#{anchor}")) for anchor, words in _LINKS]
    as_of = facts.state.as_of_hour
    fresh = f"Data received up to the hour {as_of.replace('T', ' ')}:00 UTC. " if as_of else ""
    return tag(
        "header",
        tag("h1", "What happened on the site"),
        tag("p", f"{_span(facts)}, {facts.time_zone} time. {fresh}{_completeness(facts)}", class_="soft"),
        [tag("p", f"{title} is missing: {failure}", class_="warning") for title, failure in facts.failures],
        restated.notice(facts),
        *([tag("p", _left_out(facts), class_="soft")] if facts.suppress_below else []),
        tag("nav", tag("ul", links), aria_label="Sections"),
    )


def _left_out(facts: PageFacts) -> str:
    below = count(facts.suppress_below)
    number = plural(facts.suppressed_cells, "count is", "counts are")
    return (
        f"Counts of visitors and sessions below {below} are left out: {number} n/a here and empty in the files, with"
        " their ratios. Where only one of a column was that small, the next one is left out as well."
    )


def _main(facts: PageFacts) -> Html:
    pair = tag("div", sections.channels(facts), sections.event_types(facts), class_="pair")
    return tag(
        "main",
        headline.headline(facts),
        traffic.traffic(facts),
        odd_hours(facts),
        sections.funnel(facts),
        goals.conversion(facts),
        goals.experiment(facts),
        sections.top_pages(facts),
        journeys.entries_exits(facts),
        journeys.paths(facts),
        pair,
        sources.campaigns(facts),
        sources.attribution(facts),
        visitors.new_returning(facts),
        visitors.lifecycle(facts),
        visitors.retention(facts),
        sections.sessions(facts),
        places(facts),
        sections.http_status(facts),
        _quality(facts),
    )


def _quality(facts: PageFacts) -> Html:
    state = facts.state
    reasons: Counter[str] = Counter()
    for row in facts.table("bad_events"):
        reasons[str(row["reason"])] += int(row["events"])
    bad, accepted = reasons.total(), facts.headline("all_events") or 0
    rate = share(bad / (bad + accepted) if bad + accepted else 0)
    top = f"; the most frequent reason is {reasons.most_common(1)[0][0]}" if reasons else ""
    return section(
        "quality",
        "Data quality",
        f"{plural(bad, 'event')} ({rate}) could not be accepted{top}. Nothing is dropped: bad events keep their bytes.",
        tiles(
            [
                Tile("Duplicates", count(state.duplicates), "sent again with the same id; kept once"),
                Tile("Quarantined", count(state.quarantined), "same id but other content; kept apart"),
                Tile("Late", count(facts.headline("late_events")), "arrived an hour or more after they happened"),
                Tile("Wrong clock", count(facts.headline("events_without_own_time")), "dated by their arrival instead"),
            ]
        ),
        *([_reasons(reasons)] if reasons else []),
    )


def _reasons(reasons: Counter[str]) -> Html:
    most = reasons.most_common(1)[0][1]
    return table(
        "Bad events by reason, in the hours in which the interval's events arrived",
        [Column("Reason"), Column("Events")],
        ((with_bar(reason, number / most), count(number)) for reason, number in reasons.most_common()),
    )


def _footer(facts: PageFacts) -> Html:
    made = f"{moment(facts.local(facts.made_time))} ({facts.time_zone})"
    sentences = [
        f"Made at {made} from {plural(facts.state.received_hours, 'received hour')} of raw_events.",
        f"The queries read {size(facts.bytes_scanned)} in all and cost {dollars(facts.cost_dollars)}.",
        _completeness(facts),
    ]
    return tag(
        "footer",
        section(
            "about",
            "About this report",
            " ".join(sentences),
            *_open_hours(facts),
            restated.table(facts),
            _queries(facts),
        ),
    )


def _completeness(facts: PageFacts) -> str:
    number = len(facts.state.open_hours)
    if not number:
        return "Every received hour is included."
    return f"{plural(number, 'received hour is', 'received hours are')} not compacted yet and not included."


def _open_hours(facts: PageFacts) -> Iterable[Html]:
    hours = facts.state.open_hours
    if hours:
        more = f" and {len(hours) - _HOURS_NAMED} more" if len(hours) > _HOURS_NAMED else ""
        yield tag("p", f"Not included: {', '.join(hours[-_HOURS_NAMED:])}{more} (UTC).")


def _queries(facts: PageFacts) -> Html:
    rows = (
        (
            str(run["title"]),
            size(int(run.get("bytes_scanned", 0))),
            dollars(float(run.get("cost_dollars", 0))),
            f"{run.get('seconds', 0):.1f} s",
            tag("code", str(run.get("query_id", "failed"))),
        )
        for run in facts.queries
    )
    columns = [
        Column("Report"),
        Column("Read"),
        Column("Cost"),
        Column("Time", is_wide_only=True),
        Column("Athena query"),
    ]
    return tag("details", tag("summary", "Queries"), table("Cost and identity of each query", columns, rows))


def _span(facts: PageFacts) -> str:
    return f"{moment(facts.local(facts.interval.start))} to {moment(facts.local(facts.interval.end))}"
