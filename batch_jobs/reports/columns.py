"""Numbers of days as columns in an SVG: parts stacked upwards, what was lost downwards, with a scale and dates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from batch_jobs import number_text
from batch_jobs.reports.markup import Html, tag

MAX_COLUMNS = 120
"""More days would be too thin to tell apart: the newest are drawn."""
_MAX_LABELS = 8
_TOP, _PLOT, _BOTTOM = 18, 170, 24
_WIDTH = 0.72
"""Of a column, in parts of its day."""


@dataclass(frozen=True)
class Part:
    """One colour of the columns: its class, what it counts, and a number for each date. None is left out."""

    class_: str
    name: str
    values: Sequence[float | None]
    is_down: bool = False


def draw(title: str, dates: Sequence[date], parts: Sequence[Part]) -> Html:
    """The chart of the newest `MAX_COLUMNS` dates, with a title for who cannot see it."""
    dates = dates[-MAX_COLUMNS:]
    parts = [Part(p.class_, p.name, p.values[-MAX_COLUMNS:], p.is_down) for p in parts]
    lines = _lines(_highest(parts, is_down=False), _highest(parts, is_down=True))
    return tag(
        "svg",
        tag("title", f"{title}, {dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}"),
        _grid(lines),
        tag(
            "svg",
            [_column(index, day, parts, lines) for index, day in enumerate(dates)],
            x=0,
            y=_TOP,
            width="100%",
            height=_PLOT,
            viewBox=f"0 0 {len(dates)} 1",
            preserveAspectRatio="none",
        ),
        _dates(dates),
        class_="traffic",
        role="img",
        width="100%",
        height=_TOP + _PLOT + _BOTTOM,
        xmlns="http://www.w3.org/2000/svg",
    )


def _highest(parts: Sequence[Part], *, is_down: bool) -> float:
    """Height of the highest stack in one direction."""
    chosen = [part.values for part in parts if part.is_down == is_down]
    return max((sum(value or 0 for value in stack) for stack in zip(*chosen, strict=True)), default=0)


def _lines(up: float, down: float) -> list[int]:
    """Round numbers from below the lowest to above the highest, 0 among them."""
    step = number_text.axis(max(up, down))[1]
    return [step * index for index in range(-ceil(down / step), max(ceil(up / step), 1) + 1)]


def _place(value: float, lines: Sequence[int]) -> float:
    """Distance from the top, in parts of the plot."""
    return (lines[-1] - value) / (lines[-1] - lines[0])


def _grid(lines: Sequence[int]) -> Iterator[Html]:
    for value in lines:
        y = _TOP + _PLOT * _place(value, lines)
        yield tag("line", x1="0", x2="100%", y1=f"{y:.1f}", y2=f"{y:.1f}", class_="grid" if value else "zero")
        if value:
            yield tag("text", number_text.count(abs(value)), x="0", y=f"{y - 4:.1f}", class_="tick")


def _column(index: int, day: date, parts: Sequence[Part], lines: Sequence[int]) -> Html:
    """The stacks of one day; its numbers are the title that the browser shows."""
    words = ", ".join(f"{number_text.count(part.values[index])} {part.name}" for part in parts)
    stacked = {False: 0.0, True: 0.0}
    boxes = []
    for part in parts:
        value = (part.values[index] or 0) * (-1 if part.is_down else 1)
        begin, end = stacked[part.is_down], stacked[part.is_down] + value
        stacked[part.is_down] = end
        top, bottom = _place(max(begin, end), lines), _place(min(begin, end), lines)
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
        yield tag("text", words, x=place, y=_TOP + _PLOT + 17, text_anchor="middle", class_=class_)
