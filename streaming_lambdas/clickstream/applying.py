"""A commit → the counter pages and the compactor's work list. The redo half of the protocol: safe to repeat.

A page knows the last commit it took in (`lsn`) and its revision. A commit at or below `lsn` is passed over; the write
is conditional on the revision that was read, so that a second writer, a repair or a lost reply cannot add twice.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from clickstream.counters import counters_page, page_key, page_metrics_page
from clickstream.errors import Conflict, InfrastructureError
from clickstream.ledger import Commit, Ledger, PageDelta
from clickstream.ports import Item, Key, Table

ROUNDS = 100
GRACE = timedelta(days=7)
"""Pages outlive the retention by this, so that a late repair finds what it repairs."""
Page = Callable[[Item | None, Key, PageDelta], Item]


class Applier:
    """Applies commits of one consumer."""

    def __init__(
        self,
        ledger: Ledger,
        counters: Table,
        page_metrics: Table,
        retention_days: int,
        now: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._counters = counters
        self._page_metrics = page_metrics
        self._lifetime = timedelta(days=retention_days) + GRACE
        self._now = now

    def apply(self, commit: Commit) -> None:
        """Take the commit's deltas into their pages, and its objects into the work list."""
        for minute, delta in sorted(commit.deltas.items()):
            key = page_key(minute, commit.lane)
            self._take_in(self._counters, key, commit, delta, counters_page)
            if delta.pages:
                self._take_in(self._page_metrics, key, commit, delta, page_metrics_page)
        self._ledger.add_work(commit)

    def audit(self, consumer: str) -> int:
        """Apply the head of every lane, for lanes that get no more records. Returns how many lanes there are."""
        lanes = self._ledger.lanes(consumer)
        for head in filter(None, map(self._ledger.head, lanes)):
            self.apply(head)
        return len(lanes)

    def _take_in(self, table: Table, key: Key, commit: Commit, delta: PageDelta, page: Page) -> None:
        expires_at = int((self._now() + self._lifetime).timestamp())
        for _ in range(ROUNDS):
            stored = table.get(key)
            if stored and stored["lsn"] >= commit.last:
                return None
            read = stored["rev"] if stored else None
            guard = {"lsn": commit.last, "rev": (read or 0) + 1, "expires_at": expires_at}
            try:
                return table.put_revision(page(stored, key, delta) | guard, read)
            except Conflict:
                continue
        raise InfrastructureError(f"{key.pk} {key.sk}: {ROUNDS} other writers were faster")
