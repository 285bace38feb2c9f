"""The first section of the report page: the numbers that people ask for first, and how they changed."""

from batch_jobs.number_text import NOTHING, SPACE, amounts, count, moment, share
from batch_jobs.reports.facts import PageFacts
from batch_jobs.reports.markup import Html
from batch_jobs.reports.parts import Tile, section, tiles
from batch_jobs.reports.previous import changes

_NAMES = {
    "events": "Events",
    "bot_events": "Events by bots",
    "visitors": "Visitors",
    "sessions": "Sessions",
    "purchases": "Purchases",
    "conversion_rate": "Conversion",
}


def headline(facts: PageFacts) -> Html:
    """The tiles."""
    return section(
        "headline",
        "In short",
        f"People only: programs that call themselves bots, or look like one, are counted apart. {_compared(facts)}",
        tiles(
            [
                _tile(facts, "events", f"and {count(facts.headline('bot_events'))} by bots"),
                _tile(facts, "visitors", "by device; else signed-in user or session"),
                _tile(facts, "sessions", "30 minutes without an event end one"),
                _tile(facts, "purchases", "orders, each counted once"),
                _revenue(facts),
                _tile(facts, "conversion_rate", "sessions with a purchase"),
            ]
        ),
    )


def name_of(number: str) -> str:
    """The key number as people call it: `revenue_EUR` is Revenue EUR."""
    return _NAMES.get(number) or number.replace("revenue_", "Revenue ")


def value_of(number: str, value: float | None) -> str:
    """Its value as people write it."""
    if value is None:
        return NOTHING
    if number == "conversion_rate":
        return share(value)
    return f"{value:,.2f}" if number.startswith("revenue_") else count(value)


def _compared(facts: PageFacts) -> str:
    if facts.previous is None:
        return "The lake does not hold a whole period before, or this one is not over: there is no comparison."
    first, end = (moment(facts.local(time)) for time in (facts.previous.interval.start, facts.previous.interval.end))
    return f"Changes are against the period of the same length before, {first} to {end}."


def _tile(facts: PageFacts, number: str, note: str) -> Tile:
    return Tile(name_of(number), value_of(number, facts.numbers[number]), note, _change(facts, number))


def _revenue(facts: PageFacts) -> Tile:
    """The currency with most is the number, and the one whose change is told."""
    revenue = facts.revenue
    greatest, *others = amounts(revenue) or [NOTHING]
    main = min(revenue, key=lambda currency: (-revenue[currency], currency), default="")
    note = f"and {', '.join(others)}" if others else "value of the orders"
    return Tile("Revenue", greatest, note, _change(facts, f"revenue_{main}") if main else "")


def _change(facts: PageFacts, number: str) -> str:
    """`+12.0 %, was 892`; nothing without a comparison."""
    if facts.previous is None:
        return ""
    before = facts.previous.numbers.get(number)
    growth = changes(facts.numbers, facts.previous.numbers)[number]
    was = f"was{SPACE}{value_of(number, before)}"
    if growth is None:
        return was
    sign = "+" if growth > 0 else "\N{MINUS SIGN}" if growth < 0 else "±"
    return f"{sign}{share(abs(growth))}, {was}"
