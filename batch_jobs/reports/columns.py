"""Numbers of days as columns in an SVG: parts stacked upwards, what was lost downwards, with a scale and dates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from batch_jobs import number_text
from batch_jobs.reports.frame import Frame, depth
from batch_jobs.reports.markup import Html, tag

MAX_COLUMNS = 120
"""More days would be too thin to tell apart: the newest are drawn."""
_MAX_LABELS = 8
_FRAME = Frame(18, 170, 24)
_WIDTH = 0.72
"""Of a column, in parts of its day."""


@dataclass(frozen=True)
class Part:
    """One colour of the columns: its class, what it counts, and a number for each date in order. None is left out."""

    class_: str
    name: str
    values: Sequence[float | None]
    is_down: bool = False


def draw(title: str, dates: Sequence[date], parts: Sequence[Part]) -> Html:
    """The chart of the newest `MAX_COLUMNS` days, with a title for who cannot see it; a date that lacks is a zero."""
    places = {day: place for place, day in enumerate(dates)}
    dates = [dates[0] + timedelta(days=number) for number in range((dates[-1] - dates[0]).days + 1)][-MAX_COLUMNS:]
    parts = [
        Part(p.class_, p.name, [p.values[places[day]] if day in places else 0 for day in dates], p.is_down)
        for p in parts
    ]
    lines = _lines(_highest(parts, is_down=False), _highest(parts, is_down=True))
    return _FRAME.picture(
        f"{title}, {dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}",
        _FRAME.grid(lines),
        _FRAME.stretched(len(dates), [_column(index, day, parts, lines) for index, day in enumerate(dates)]),
        _dates(dates),
    )


def _highest(parts: Sequence[Part], *, is_down: bool) -> float:
    """Height of the highest stack in one direction."""
    chosen = [part.values for part in parts if part.is_down == is_down]
    return max((sum(value or 0 for value in stack) for stack in zip(*chosen, strict=True)), default=0)


def _lines(up: float, down: float) -> list[int]:
    """Round numbers from below the lowest to above the highest, 0 among them."""
    step = number_text.axis(max(up, down))[1]
    return [step * index for index in range(-ceil(down / step), max(ceil(up / step), 1) + 1)]


def _column(index: int, day: date, parts: Sequence[Part], lines: Sequence[int]) -> Html:
    """The stacks of one day; its numbers are the title that the browser shows."""
    words = ", ".join(f"{number_text.count(part.values[index])} {part.name}" for part in parts)
    stacked = {False: 0.0, True: 0.0}
    boxes = []
    for part in parts:
        value = (part.values[index] or 0) * (-1 if part.is_down else 1)
        begin, end = stacked[part.is_down], stacked[part.is_down] + value
        stacked[part.is_down] = end
        top, bottom = depth(max(begin, end), lines), depth(min(begin, end), lines)
        box = {"x": f"{index + (1 - _WIDTH) / 2:.3f}", "y": f"{top:.4f}", "height": f"{bottom - top:.4f}"}
        boxes.append(tag("rect", **box, width=_WIDTH, class_=part.class_))
    return tag("g", tag("title", f"{day:%Y-%m-%d}: {words}"), boxes)


def _dates(dates: Sequence[date]) -> Iterator[Html]:
    """Dates below their columns, as many as there is room for; half of them on a phone."""
    every = ceil(len(dates) / _MAX_LABELS)
    for label, index in enumerate(range(0, len(dates), every)):
        place = f"{100 * (index + 0.5) / len(dates):.2f}%"
        class_ = "tick wide-only" if label % 2 else "tick"
        words = f"{dates[index].day} {dates[index]:%b}"
        yield tag("text", words, x=place, y=_FRAME.bottom + 17, text_anchor="middle", class_=class_)
