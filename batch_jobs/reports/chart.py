"""Events over time as areas in an SVG, with the detected anomalies on top."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from batch_jobs import number_text
from batch_jobs.lake_state import Anomaly
from batch_jobs.reports.frame import Frame
from batch_jobs.reports.markup import Html, tag

STEPS = tuple(timedelta(minutes=m) for m in (1, 2, 5, 10, 15, 30, 60, 180, 360, 720, 1440, 10080))
MAX_BUCKETS = 150
SEVERITIES = {"low": 1, "medium": 2, "high": 3, "critical": 4}
_TICKS = tuple(timedelta(hours=h) for h in (1 / 12, 1 / 4, 1 / 2, 1, 2, 3, 6, 12, 24, 48, 168, 336, 672, 1344, 2688))
_MAX_TICKS = 9
_MAX_LINES = 40
"""With more marks than this, lines down from them would hide the traffic."""
_EDGE = 4
"""Percent of the width from which a label would stick out."""
_FRAME = Frame(36, 190, 26)


@dataclass(frozen=True)
class Bucket:
    """Events that began in [time, time + step); `bot_events` are part of `events`."""

    time: datetime
    events: int
    bot_events: int


@dataclass(frozen=True)
class Series:
    """Buckets without a hole, from `start` on, all UTC; `zone` is how times are written."""

    step: timedelta
    buckets: Sequence[Bucket]
    zone: ZoneInfo

    def label(self, time: datetime) -> str:
        """The time as the clock of the zone shows it."""
        return number_text.moment(time.astimezone(self.zone))

    @property
    def start(self) -> datetime:
        """Beginning of the first bucket."""
        return self.buckets[0].time

    @property
    def end(self) -> datetime:
        """End of the last bucket."""
        return self.buckets[-1].time + self.step


def gather(minutes: Iterable[Bucket], start: datetime, end: datetime, zone: ZoneInfo) -> Series:
    """Sum minutes up to buckets of one of `STEPS`, so that at most `MAX_BUCKETS` cover [start, end)."""
    step = next((step for step in STEPS if (end - start) / step <= MAX_BUCKETS), STEPS[-1])
    times = list(_times(start, end, step))
    events, bots = [0] * len(times), [0] * len(times)
    for minute in minutes:
        place = bisect_right(times, minute.time) - 1
        if start <= minute.time < end:
            events[place] += minute.events
            bots[place] += minute.bot_events
    return Series(step, [Bucket(*values) for values in zip(times, events, bots, strict=True)], zone)


def draw(series: Series, anomalies: Sequence[Anomaly]) -> Html:
    """The chart: all events as an area, bots as a darker one, and a mark on each bucket with anomalies."""
    lines = number_text.axis(max(bucket.events for bucket in series.buckets))
    return _FRAME.picture(
        "Events over time",
        _FRAME.grid(lines),
        _FRAME.stretched(
            len(series.buckets),
            tag("path", d=_area([b.events for b in series.buckets], lines[-1]), class_="area-all"),
            tag("path", d=_area([b.bot_events for b in series.buckets], lines[-1]), class_="area-bots"),
            _hover(series),
        ),
        _time_axis(series),
        _marks(series, _per_bucket(series, anomalies)),
    )


def _times(start: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    time = start
    while time < end:
        yield time
        time += step


def _area(values: Sequence[int], top: int) -> str:
    """A stepped area: each value holds for the whole of its bucket."""
    heights = [f"V{1 - value / top:.4f}H{index + 1}" for index, value in enumerate(values)]
    return f"M0 1{''.join(heights)}V1Z"


def _hover(series: Series) -> Iterator[Html]:
    """An invisible column per bucket whose title is shown by the browser."""
    for index, bucket in enumerate(series.buckets):
        words = f"{series.label(bucket.time)}: {number_text.plural(bucket.events, 'event')}"
        bots = f", {number_text.count(bucket.bot_events)} of them by bots" if bucket.bot_events else ""
        yield tag("rect", tag("title", words + bots), x=index, y=0, width=1, height=1, class_="hover")


def _time_axis(series: Series) -> Iterator[Html]:
    bottom = _FRAME.bottom
    for index, tick in enumerate(_ticks(series)):
        place = _place(series, tick)
        anchor = "start" if place < _EDGE else "end" if place > 100 - _EDGE else "middle"
        words = f"{tick.day} {tick:%b}" if tick.hour == tick.minute == 0 else f"{tick:%H:%M}"
        class_ = "tick wide-only" if index % 2 else "tick"
        yield tag("text", words, x=f"{place:.2f}%", y=bottom + 18, text_anchor=anchor, class_=class_)
        yield tag("line", x1=f"{place:.2f}%", x2=f"{place:.2f}%", y1=bottom, y2=bottom + 4, class_="grid")


def _ticks(series: Series) -> list[datetime]:
    """Times that are round on the clock of the zone, at most `_MAX_TICKS`."""
    step = next((step for step in _TICKS if (series.end - series.start) / step <= _MAX_TICKS - 1), _TICKS[-1])
    first, last = series.start.astimezone(series.zone), series.end.astimezone(series.zone)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    ticks = _times(midnight, last + timedelta(seconds=1), step)
    return [tick for tick in ticks if series.start <= tick.astimezone(UTC) <= series.end]


def _place(series: Series, time: datetime) -> float:
    return 100 * ((time.astimezone(UTC) - series.start) / (series.end - series.start))


def _per_bucket(series: Series, anomalies: Iterable[Anomaly]) -> dict[int, list[Anomaly]]:
    found: defaultdict[int, list[Anomaly]] = defaultdict(list)
    for anomaly in anomalies:
        if anomaly.detected_time and series.start <= anomaly.detected_time < series.end:
            found[int((anomaly.detected_time - series.start) / series.step)].append(anomaly)
    return found


def _marks(series: Series, found: Mapping[int, Sequence[Anomaly]]) -> list[Html]:
    return [_mark(series, index, found[index], has_line=len(found) <= _MAX_LINES) for index in sorted(found)]


def _mark(series: Series, index: int, anomalies: Sequence[Anomaly], *, has_line: bool) -> Html:
    """A dot, and a line down to the traffic where the worst severity is high."""
    worst = max((anomaly.severity for anomaly in anomalies), key=lambda severity: SEVERITIES.get(severity, 0))
    place = f"{100 * (index + 0.5) / len(series.buckets):.2f}%"
    rules = Counter(anomaly.rule for anomaly in anomalies)
    words = ", ".join(f"{number_text.count(count)} {rule}" for rule, count in rules.most_common())
    line = tag("line", x1=place, x2=place, y1=12, y2=_FRAME.bottom, class_="mark-line")
    return tag(
        "g",
        tag("title", f"{series.label(series.buckets[index].time)}: {words}"),
        line if has_line and SEVERITIES.get(worst, 0) >= SEVERITIES["high"] else "",
        tag("circle", cx=place, cy=8, r=4, class_="mark"),
        class_=f"severity-{worst if worst in SEVERITIES else 'unknown'}",
    )
