"""The pieces that sections of the report page are put together from: tiles, tables, bars, sections."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from batch_jobs.reports.markup import Html, tag

NO_DATA = "There is nothing to show for this interval."
_LONG = 11
"""Characters from which a number needs smaller letters to fit its tile."""


class Column(NamedTuple):
    """Heading of a table column; `wide` columns are left out on a phone."""

    heading: str
    is_wide_only: bool = False


class Tile(NamedTuple):
    """A number with its name above it and small lines below: what it means, and how it changed."""

    label: str
    number: str
    note: str
    change: str = ""


def section(anchor: str, title: str, reading: str, *content: Html | Iterable[Html]) -> Html:
    """A part of the page with the one sentence that says what is to be seen."""
    return tag("section", tag("h2", title, id=f"{anchor}-title"), tag("p", reading), *content, **_labelled(anchor))


def tiles(entries: Iterable[Tile]) -> Html:
    """Numbers in a row."""
    return tag("dl", [_tile(entry) for entry in entries], class_="tiles")


def table(caption: str, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, class_: str | None = None) -> Html:
    """A table whose first column names the row. A cell may be `Html`."""
    head = tag("tr", [tag("th", column.heading, scope="col", class_=_wide(column)) for column in columns])
    body = [tag("tr", _cells(columns, row)) for row in rows]
    caption_tag = tag("caption", caption)
    inner = tag("table", caption_tag, tag("thead", head), tag("tbody", body), class_=class_)
    return tag("div", inner, class_="scroll")


def with_bar(words: str, part: float) -> Html:
    """Text over a bar that is `part` (0 to 1) of the full width."""
    filled = tag("span", "", style=f"width:{100 * min(max(part, 0), 1):.1f}%")
    return Html(tag("span", words) + tag("span", filled, class_="bar"))


def heat(words: str, part: float | None) -> Html:
    """Text on a ground that is darker the greater `part` (0 to 1) is; on none at all without one."""
    style = None if part is None else f"--heat:{min(max(part, 0), 1):.2f}"
    return tag("span", words, class_="heat", style=style)


def with_range(words: str, low: float, middle: float, high: float) -> Html:
    """Text over a scale from 0 to 1 with a line from low to high and a dot in between."""
    line = tag("span", "", class_="line", style=f"left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%")
    return Html(tag("span", words) + tag("span", line, tag("i", "", style=f"left:{100 * middle:.1f}%"), class_="range"))


def folded(summary: str, content: Html) -> Html:
    """Something to open: the numbers behind a chart."""
    return tag("details", tag("summary", summary), content)


def legend(entries: Iterable[tuple[str, str]]) -> Html:
    """Keys of a chart: class of the swatch, meaning."""
    return tag("ul", [tag("li", tag("i", "", class_=swatch), words) for swatch, words in entries], class_="legend")


def _tile(tile: Tile) -> Html:
    lines = [tag("small", tile.note), *([tag("small", tile.change, class_="change")] if tile.change else [])]
    value = tag("dd", tile.number, lines, class_="long" if len(tile.number) > _LONG else None)
    return tag("div", tag("dt", tile.label), value)


def _cells(columns: Sequence[Column], row: Sequence[str]) -> list[Html]:
    first = tag("th", row[0], scope="row")
    return [first, *(tag("td", c, class_=_wide(column)) for column, c in zip(columns[1:], row[1:], strict=True))]


def _wide(column: Column) -> str | None:
    return "wide-only" if column.is_wide_only else None


def _labelled(anchor: str) -> dict[str, str]:
    return {"id": anchor, "aria_labelledby": f"{anchor}-title"}
