"""What the charts of the report page share: an SVG that keeps its text readable at any width, and a scale with lines.

Shapes are drawn in a nested SVG that stretches; labels and marks are placed in percent of the width, unstretched.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from batch_jobs import number_text
from batch_jobs.reports.markup import Html, tag


@dataclass(frozen=True)
class Frame:
    """Heights in pixels: the room above the plot, the plot itself, and the room below for dates."""

    top: int
    plot: int
    below: int

    @property
    def bottom(self) -> int:
        """Where the plot ends."""
        return self.top + self.plot

    def picture(self, title: str, *content: Html | Iterator[Html] | list[Html]) -> Html:
        """The chart; the title is for who cannot see it."""
        return tag(
            "svg",
            tag("title", title),
            *content,
            class_="chart",
            role="img",
            width="100%",
            height=self.bottom + self.below,
            xmlns="http://www.w3.org/2000/svg",
        )

    def stretched(self, units: int, *shapes: Html | Iterator[Html] | list[Html]) -> Html:
        """Shapes over the whole width, which is so many units across and one unit high."""
        return tag(
            "svg",
            *shapes,
            x=0,
            y=self.top,
            width="100%",
            height=self.plot,
            viewBox=f"0 0 {units} 1",
            preserveAspectRatio="none",
        )

    def grid(self, lines: Sequence[int]) -> Iterator[Html]:
        """A line at each of these numbers, in order, with the number on it; the first is the bottom of the plot."""
        for value in lines:
            y = self.top + self.plot * depth(value, lines)
            class_ = "grid" if value else "zero"
            yield tag("line", x1="0", x2="100%", y1=f"{y:.1f}", y2=f"{y:.1f}", class_=class_)
            if value:
                yield tag("text", number_text.count(abs(value)), x="0", y=f"{y - 4:.1f}", class_="tick")


def depth(value: float, lines: Sequence[int]) -> float:
    """How far below the highest line the value lies, in parts of the plot."""
    return (lines[-1] - value) / (lines[-1] - lines[0])
