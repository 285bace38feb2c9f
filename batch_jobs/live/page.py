"""The live page as HTML: the same pieces as the report page. Every text is escaped; times are UTC."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from batch_jobs.lake_state import Anomaly
from batch_jobs.live.record import LISTED, QUIET, SHARES, is_quiet, short, subject, top_pages
from batch_jobs.live.script import SCRIPT
from batch_jobs.live.state import ACTIVE, MOST_ITEMS, SPAN, Found, Hour, Items, Session, Sessions
from batch_jobs.live.watch import Snapshot
from batch_jobs.live_tables import duration_text
from batch_jobs.number_text import count, plural
from batch_jobs.number_text import share as share_text
from batch_jobs.reports import chart
from batch_jobs.reports.chart import Bucket
from batch_jobs.reports.markup import Html, tag
from batch_jobs.reports.parts import Column, Tile, legend, section, table, tiles, with_bar
from batch_jobs.reports.style import STYLE
from clickstream.live.readers import Counts, total
from clickstream.live.sketches import LONGEST_MS

_UTC = ZoneInfo("UTC")
_LEGEND = [
    ("all", "events per minute, bots included (UTC)"),
    ("bots", "events by bots"),
    ("dot severity-high", "anomaly, high severity"),
    ("dot severity-medium", "anomaly, medium severity"),
    ("dot severity-low", "anomaly, low severity"),
]


def render(snapshot: Snapshot, stack: str, every: timedelta) -> str:
    """The whole page. Its script asks for it again each `every`; without scripts the browser loads it anew."""
    seconds = f"{every.total_seconds():.0f}"
    body = tag("body", _header(snapshot, stack, seconds), _main(snapshot), tag("script", Html(SCRIPT)))
    page = tag("html", _head(stack, seconds), body, lang="en", data_refresh=seconds)
    return f"<!DOCTYPE html>\n{page}\n"


def _head(stack: str, seconds: str) -> Html:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"Live: {stack}"),
        tag("style", Html(STYLE)),
        tag("noscript", tag("meta", http_equiv="refresh", content=seconds)),
    )


def _header(snapshot: Snapshot, stack: str, seconds: str) -> Html:
    return tag(
        "header",
        tag("h1", "What happens on the site now"),
        tag("p", _as_of(snapshot, stack, seconds), id="as-of", class_="soft"),
        # A screen reader is told of trouble, and not of every number that moves.
        tag("div", list(_notices(snapshot, seconds)), id="notice", role="status"),
    )


def _as_of(snapshot: Snapshot, stack: str, seconds: str) -> str:
    if snapshot.hour is None:
        return f"Stack {stack}. Nothing could be read yet."
    time = snapshot.hour.as_of_time
    return f"Stack {stack}, as of {time:%Y-%m-%d %H:%M:%S} UTC. Read again every {seconds} seconds."


def _notices(snapshot: Snapshot, seconds: str) -> Iterator[Html]:
    if snapshot.problem:
        old = " What is shown is what was read before." if snapshot.hour else ""
        words = f"The live tables cannot be read: {snapshot.problem}.{old} The next try is in {seconds} seconds."
        yield tag("p", words, class_="warning")
    if snapshot.hour and is_quiet(snapshot.hour):
        yield tag("p", _quiet(snapshot.hour.minutes), class_="warning")


def _quiet(minutes: Sequence[Counts]) -> str:
    if not minutes:
        return "No event has come for an hour."
    since = f"since the minute {minutes[-1].start_time:%H:%M} UTC"
    return f"No event has come for {_minutes(QUIET)} or longer: none {since}."


def _main(snapshot: Snapshot) -> Html:
    hour, items = snapshot.hour, snapshot.items
    content = [*(_hour(hour, items) if hour else []), *(_items(items) if items else _unread(snapshot))]
    return tag("main", content, id="parts")


def _hour(hour: Hour, items: Items | None) -> Iterator[Html]:
    whole = total(hour.minutes)
    yield _headline(hour, whole, items)
    yield _traffic(hour, items)
    yield _pages(hour)
    if whole:
        types = _ranking("types", "Event types", "event type", whole.event_types)
        channels = _ranking("channels", "Channels", "channel", whole.channels)
        yield tag("div", types, channels, class_="pair")
        yield _ranking("devices", "Devices", "device", whole.devices)


def _headline(hour: Hour, whole: Counts | None, items: Items | None) -> Html:
    found = [
        Tile("Events", count(whole.events if whole else 0), "a producer's repeats included"),
        Tile("Page views", count(hour.pages.views), "bots included"),
        Tile("Visitors", count(whole.visitors if whole else 0), "estimate, ± 1.6 %"),
        Tile("Sessions", count(whole.sessions if whole else 0), "estimate, ± 1.6 %"),
    ]
    if items and items.sessions:
        found.append(Tile("Active sessions", count(items.sessions.active), f"an event in the last {_minutes(ACTIVE)}"))
    for name, part in SHARES.items():
        time_ms = whole.latency_ms(part) if whole else None
        words = ("≥ " if time_ms == LONGEST_MS else "") + duration_text(time_ms)
        found.append(Tile(f"Latency {name}", words, f"{part:.0%} of events arrive within"))
    return section("headline", "In the last hour", "Of what the stream took in the last 60 minutes.", tiles(found))


def _traffic(hour: Hour, items: Items | None) -> Html:
    minutes = [Bucket(minute.start_time, minute.events, minute.devices["bot"]) for minute in hour.minutes]
    series = chart.gather(minutes, hour.start_time, hour.start_time + SPAN, _UTC)
    found = items.anomalies if items and items.anomalies else []
    marks = [Anomaly(each.rule, each.severity, each.detected_time) for each in found]
    busiest = max(series.buckets, key=lambda bucket: bucket.events)
    words = f"The busiest minute began at {busiest.time:%H:%M} UTC with {plural(busiest.events, 'event')}."
    reading = f"{words if busiest.events else 'No event came.'} The last minute still runs."
    return section("traffic", "Events per minute", reading, chart.draw(series, marks), legend(_LEGEND))


def _pages(hour: Hour) -> Html:
    return _ranking("pages", "Top pages", "page", dict(top_pages(hour.pages)), "views", hour.pages.views)


def _ranking(
    anchor: str, title: str, noun: str, numbers: Counter[str] | dict[str, int], unit: str = "events", whole: int = 0
) -> Html:
    """Names by their counts, each with a bar for its share of the whole (default: of their sum)."""
    whole = whole or sum(numbers.values())
    named = sorted(numbers.items(), key=lambda entry: (-entry[1], entry[0]))[:LISTED]
    rows = [(with_bar(name, number / whole), count(number), share_text(number / whole)) for name, number in named]
    columns = (Column(noun.capitalize()), Column(unit.capitalize()), Column("Share"))
    reading = f"Of {count(whole)} {unit} in the last hour."
    return section(anchor, title, reading, table(f"{unit.capitalize()} in the last hour", columns, rows))


def _unread(snapshot: Snapshot) -> Iterator[Html]:
    """What stands there until whole tables are read for the first time."""
    if snapshot.hour:
        reading = "The table could not be read yet." if snapshot.problem else "The table is being read."
        yield section("sessions", "Active sessions", reading)
        yield section("anomalies", "Anomalies", reading)


def _items(items: Items) -> Iterator[Html]:
    yield _sessions(items.sessions)
    yield _anomalies(items.anomalies)


def _sessions(sessions: Sessions | None) -> Html:
    if sessions is None:
        return section("sessions", "Active sessions", _too_many("sessions", "make session ID=… shows one"))
    headings = "Session", "Last event (UTC)", "Events", "Page views", "Channel", "Device", "Last page"
    reading = f"{plural(sessions.active, 'session')} with an event in the last {_minutes(ACTIVE)}; the newest first."
    rows = [_session(each) for each in sessions.newest]
    return section(
        "sessions", "Active sessions", reading, table("Newest sessions", _columns(headings, 4), rows, class_="tight")
    )


def _session(session: Session) -> tuple[str, ...]:
    state = session.state
    last = _clock(state.last_time) if state.last_time else ""
    numbers = count(state.events), count(state.page_views)
    return short(session.session_id), last, *numbers, state.channel, state.device_type, state.exit_page or ""


def _anomalies(anomalies: Sequence[Found] | None) -> Html:
    if anomalies is None:
        return section(
            "anomalies", "Anomalies", _too_many("anomalies", "python -m batch_jobs.list_anomalies lists them")
        )
    rows = [
        (
            each.rule,
            tag("span", each.severity, class_=f"severity-{each.severity}"),
            f"{each.detected_time:%Y-%m-%d} {_clock(each.detected_time)}",
            subject(each),
        )
        for each in anomalies[:LISTED]
    ]
    reading = f"{plural(len(anomalies), 'anomaly is', 'anomalies are')} kept; the newest first."
    columns = _columns(("Rule", "Severity", "Detected (UTC)", "Of"), 3)
    return section("anomalies", "Anomalies", reading, table("Newest anomalies", columns, rows, class_="tight"))


def _columns(headings: Sequence[str], on_a_phone: int) -> list[Column]:
    return [Column(heading, place >= on_a_phone) for place, heading in enumerate(headings)]


def _too_many(things: str, instead: str) -> str:
    return f"More than {count(MOST_ITEMS)} {things} are kept, too many to read for this page; {instead}."


def _clock(time: datetime) -> str:
    return f"{time.astimezone(_UTC):%H:%M:%S}"


def _minutes(span: timedelta) -> str:
    return f"{span / timedelta(minutes=1):.0f} minutes"
