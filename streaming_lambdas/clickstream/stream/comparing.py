"""Whether a counter page holds what commits add to it: every name, bucket and sketch, not only how many events.

Up to the cap on names, a page is the same in whatever order its commits were taken in. Beyond it the names that stay
depend on that order, and only their sum is compared.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from clickstream.ledger import PageDelta
from clickstream.live.counters import OTHER, counters_page, page_metrics_page
from clickstream.live.sketches import united
from clickstream.ports import Item, Key, Table
from clickstream.positions import Lane

_MAPS = ("event_types", "channels", "devices", "countries", "pages", "latencies")


@dataclass(frozen=True)
class Difference:
    """A page that does not hold what the commits of its lane add to its minute; counts are events or page views.

    `parts` are the attributes of the page that differ.
    """

    table: str
    lane: Lane
    minute: str
    expected: int
    found: int
    parts: tuple[str, ...]

    def __str__(self) -> str:
        if self.found == self.expected:
            return f"{self.table} {self.minute} {self.lane}: other {', '.join(self.parts)} than its commits add"
        return f"{self.table} {self.minute} {self.lane}: {self.found:,} instead of {self.expected:,}"

    @property
    def size(self) -> int:
        """How far the counts are apart; at least 1."""
        return max(1, abs(self.expected - self.found))


@dataclass(frozen=True)
class Kind:
    """One table of pages: the attribute that holds a page's total, how a delta is added, and what it adds."""

    name: str
    table: Table
    total: str
    build: Callable[[Item | None, Key, PageDelta], Item]
    count: Callable[[PageDelta], int]

    def page(self, key: Key, deltas: Iterable[PageDelta]) -> Item:
        """The page that these deltas make; all zero without any."""
        page = self.build(None, key, PageDelta())
        for delta in deltas:
            page = self.build(page, key, delta)
        return page

    def differing(self, key: Key, stored: Item | None, expected: Item) -> tuple[str, ...]:
        """The attributes in which the stored page is not the expected one."""
        # A page may be older than some of its attributes.
        page = self.build(None, key, PageDelta()) | (stored or {})
        return tuple(name for name in expected if not _is_same(page[name], expected[name]))

    def total_of(self, stored: Item | None) -> int:
        """Events or page views of the page; 0 for none."""
        return int(stored[self.total]) if stored else 0


def kinds(counters: Table, page_metrics: Table) -> tuple[Kind, ...]:
    """The tables of pages."""
    return (
        Kind("counters", counters, "events", counters_page, lambda delta: delta.events),
        Kind("page-metrics", page_metrics, "page_views", page_metrics_page, lambda delta: sum(delta.pages.values())),
    )


def summed(deltas: Sequence[PageDelta]) -> PageDelta:
    """Several deltas as one, no name left out. Taking it in costs what taking in one of them does."""
    if len(deltas) == 1:
        return deltas[0]
    totals: dict[str, Counter[str]] = {name: Counter() for name in _MAPS}
    for delta in deltas:
        for name, total in totals.items():
            total.update(getattr(delta, name))
    return PageDelta(
        events=sum(delta.events for delta in deltas),
        visitors=united(delta.visitors for delta in deltas),
        sessions=united(delta.sessions for delta in deltas),
        **totals,
    )


def _is_same(found: object, expected: object) -> bool:
    if isinstance(found, dict) and isinstance(expected, dict) and (OTHER in found or OTHER in expected):
        return bool(sum(found.values()) == sum(expected.values()))
    if isinstance(found, bytes) and isinstance(expected, bytes):
        # Packing is slow, and mostly the bytes are the same; another zlib may write the same registers in others.
        return found == expected or united([found]) == expected
    return found == expected
