"""What a session has to remember for the rules, bounded whatever the session does: hashes and times, no texts.

Hashes are CRC-32: the same in every process, four bytes, and of no use to whoever wants to know the text behind one.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from functools import lru_cache
from zlib import crc32

import msgspec

IDS_KEPT = 64
TIMES_KEPT = 64
PAGES_KEPT = 120
AGENTS_KEPT = 8
ORDERS_KEPT = 16
AMOUNTS_KEPT = 4


def hashed(text: str) -> int:
    """Four bytes that stand for the text."""
    return crc32(text.encode())


_hashed_page = lru_cache(4_000)(hashed)


@lru_cache(1_000)
def _hashed_agent(browser: str, system: str | None) -> int:
    return hashed(f"{browser}/{system}")


class Memory(msgspec.Struct, array_like=True):
    """What the rules look back on. Instants are milliseconds since `base_ms`, the first event seen, by event time."""

    base_ms: int | None = None
    """Epoch milliseconds."""
    ids: list[int] = []
    """The smallest hashes of event ids, ascending: a sample that meets an id again whenever it comes again."""
    repeats: int = 0
    """Events whose id had been seen before."""
    times: list[int] = []
    """When the latest actions happened, ascending, repeats left out."""
    pages: dict[int, int] = {}
    """Page → when it was first seen, in order of arrival, the newest PAGES_KEPT."""
    agents: list[int] = []
    """Distinct browsers, by family and system."""
    orders: dict[int, list[int]] = {}
    """Order → its distinct amounts, each at most ORDERS_KEPT and AMOUNTS_KEPT."""
    last_ms: int = 0
    """The previous event, in order of arrival."""
    backward_steps: int = 0
    """How often event time ran backwards by more than a wrong clock in another tab explains."""
    entry_ms: int = 0
    exit_ms: int = 0

    def is_repeat(self, event_id: str) -> bool:
        """Whether the id has been seen before; from now on it has. Certain up to IDS_KEPT ids, of more a sample."""
        number = hashed(event_id)
        place = bisect_left(self.ids, number)
        if place < len(self.ids) and self.ids[place] == number:
            self.repeats += 1
            return True
        if place < IDS_KEPT:
            self.ids.insert(place, number)
            del self.ids[IDS_KEPT:]
        return False

    def add_ids(self, numbers: Sequence[int]) -> bool:
        """Remember the hashes of a batch's ids if none has been seen before; if one has, False, and nothing is."""
        ids = sorted([*self.ids, *numbers])
        if len(set(ids)) < len(ids):
            return False
        self.ids = ids[:IDS_KEPT]
        return True

    def add_action(self, time_ms: int) -> None:
        """Remember when something was done."""
        insort(self.times, time_ms)
        if len(self.times) > TIMES_KEPT:
            del self.times[0]

    def add_actions(self, times_ms: Iterable[int]) -> None:
        """Remember when many things were done."""
        self.times = sorted([*self.times, *times_ms])[-TIMES_KEPT:]

    def add_step(self, time_ms: int, longest_step_ms: int) -> None:
        """Remember whether an event happened more than `longest_step_ms` before the previous one to arrive."""
        self.backward_steps += time_ms < self.last_ms - longest_step_ms
        self.last_ms = time_ms

    def add_page(self, name: str, time_ms: int) -> None:
        """Remember a page; one that is known keeps its time."""
        self.pages.setdefault(_hashed_page(name), time_ms)
        if len(self.pages) > PAGES_KEPT:
            del self.pages[next(iter(self.pages))]

    def add_pages(self, seen: Sequence[tuple[int, str]]) -> None:
        """Remember pages, each with its time, in order of arrival."""
        if len(self.pages) + len(seen) > PAGES_KEPT:
            for time_ms, name in seen:
                self.add_page(name, time_ms)
            return
        pages = self.pages
        for time_ms, name in seen:
            number = _hashed_page(name)
            if number not in pages:
                pages[number] = time_ms

    def add_agent(self, browser: str, system: str | None) -> None:
        """Remember a browser by its family and its system."""
        number = _hashed_agent(browser, system)
        if number not in self.agents and len(self.agents) < AGENTS_KEPT:
            self.agents.append(number)

    def add_order(self, order_id: str, amount: str) -> None:
        """Remember an order and what it came to."""
        number = hashed(order_id)
        if number not in self.orders and len(self.orders) >= ORDERS_KEPT:
            return
        amounts = self.orders.setdefault(number, [])
        if hashed(amount) not in amounts and len(amounts) < AMOUNTS_KEPT:
            amounts.append(hashed(amount))

    def has_burst(self, count: int, within_ms: int, time_ms: int) -> bool:
        """Whether `count` actions, one of them at `time_ms`, happened within `within_ms`."""
        times, place = self.times, bisect_right(self.times, time_ms) - 1
        first, last = max(0, place - count + 1), min(place, len(times) - count)
        return any(times[n + count - 1] - times[n] <= within_ms for n in range(first, last + 1))

    def pages_within(self, within_ms: int, time_ms: int) -> int:
        """How many pages were first seen in the `within_ms` before `time_ms`."""
        return sum(0 <= time_ms - seen_ms <= within_ms for seen_ms in self.pages.values())
