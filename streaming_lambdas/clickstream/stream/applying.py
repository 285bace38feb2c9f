"""A commit → the counter pages and the compactor's work list. The redo half of the protocol: safe to repeat.

A page knows the last commit it took in (`lsn`) and its revision. A commit at or below `lsn` is passed over; the write
is conditional on the revision that was read, so that a second writer, a repair or a lost reply cannot add twice.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from clickstream.errors import Conflict, InfrastructureError
from clickstream.ledger import Commit, Ledger, PageDelta
from clickstream.live.counters import counters_page, page_key, page_metrics_page
from clickstream.live.lifetimes import first_whole_minute, lifetime
from clickstream.ports import Item, Key, Table
from clickstream.positions import Lane

ROUNDS = 100


class _Page(NamedTuple):
    """One page to bring up to a commit: where it is, what it gets, how, and what was read of it."""

    table: Table
    key: Key
    delta: PageDelta
    build: Callable[[Item | None, Key, PageDelta], Item]
    stored: Item | None = None


class Applier:
    """Applies commits of one consumer.

    `each` is `map`, or a parallel one: pages are independent items, and the order in which they are written is free.
    """

    def __init__(
        self,
        ledger: Ledger,
        counters: Table,
        page_metrics: Table,
        retention_days: int,
        now: Callable[[], datetime],
        each: Callable[..., Iterable[None]] = map,
    ) -> None:
        self._ledger = ledger
        self._counters = counters
        self._page_metrics = page_metrics
        self._retention_days = retention_days
        self._now = now
        self._each = each

    def apply(self, commit: Commit) -> None:
        """Take the commit's deltas into their pages, and its objects into the work list."""
        self._update(commit)
        self._ledger.add_work(commit)

    def audit(self, consumer: str, more: Iterable[Lane] = ()) -> int:
        """Apply the head of every lane, for lanes that get no more records. Returns how many lanes there are.

        `more` are lanes that may exist, should the ledger's own list have lost one.
        """
        lanes = {*self._ledger.lanes(consumer), *more}
        for head in filter(None, map(self._ledger.head, lanes)):
            self.apply(head)
        return len(lanes)

    def rebuild(self, consumer: str, watched: Callable[[list[Lane]], Iterable[Lane]] = iter) -> int:
        """Make every page anew from the ledger, after a table was restored to an earlier moment. Safe to repeat.

        Restored pages are not trusted: they may lack commits, or hold counts that a restored ledger does not know.
        Only while nothing else writes; see docs/decisions/0018-restored-tables.md. `watched` hands out the lanes,
        and may show how far it is. Returns how many lanes there are.
        """
        for table in (self._counters, self._page_metrics):
            for page in table.scan():
                if page["sk"].partition("#")[2].startswith(f"{consumer}/"):
                    table.delete(Key(page["pk"], page["sk"]))
        for lane in watched(self._ledger.lanes(consumer)):
            for commit in self._ledger.commits(lane):
                self._update(commit)
        return self.audit(consumer)

    def _update(self, commit: Commit) -> None:
        """Take the commit's deltas into their pages."""
        pages = self._read(list(self._pages(commit)))
        # A parallel `each` reports a failed page only to who asks for its result.
        list(self._each(lambda page: self._take_in(page, commit), pages))

    def _pages(self, commit: Commit) -> Iterator[_Page]:
        """The pages that the commit adds to, without those of minutes past their life.

        A page expires a life after its last write, so never before its minute's life is over: until then it is whole.
        Afterwards it may be gone, and a late commit would bring it back with nothing but its own counts.
        """
        oldest = first_whole_minute(self._now(), self._retention_days).isoformat()[:16]
        for minute, delta in sorted(commit.deltas.items()):
            if minute < oldest:
                continue
            key = page_key(minute, commit.lane)
            yield _Page(self._counters, key, delta, counters_page)
            if delta.pages:
                yield _Page(self._page_metrics, key, delta, page_metrics_page)

    def _read(self, pages: list[_Page]) -> list[_Page]:
        """The pages with what their tables hold, in a few requests."""
        found = {
            id(table): table.get_many(page.key for page in pages if page.table is table)
            for table in (self._counters, self._page_metrics)
        }
        return [page._replace(stored=found[id(page.table)].get(page.key)) for page in pages]

    def _take_in(self, page: _Page, commit: Commit) -> None:
        expires_at = int((self._now() + lifetime(self._retention_days)).timestamp())
        stored = page.stored
        for _ in range(ROUNDS):
            if stored and stored["lsn"] >= commit.last:
                return None
            read = stored["rev"] if stored else None
            guard = {"lsn": commit.last, "rev": (read or 0) + 1, "expires_at": expires_at}
            try:
                return page.table.put_revision(page.build(stored, page.key, page.delta) | guard, read)
            except Conflict:
                stored = page.table.get(page.key)
        raise InfrastructureError(f"{page.key.pk} {page.key.sk}: {ROUNDS} other writers were faster")
