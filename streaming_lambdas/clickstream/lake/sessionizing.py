"""Sessions from events: a pure function of the rows, whatever their order. Vectorised; numpy only in batch jobs.

The rows of `sessions` for one date follow from the events of that date and its two neighbours, see `session_cuts`.
"""

import hashlib
from datetime import date
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clickstream.lake.session_cuts import DAY_US, Ints, Mask, beginnings
from clickstream.lake.session_events import KEY, campaigns, codes, in_order, numbers, places
from clickstream.lake.session_rules import Rules
from clickstream.tables import SESSIONS

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_UNKNOWN = "unknown"


def sessions(events: pa.Table, rules: Rules, day: date | None = None) -> pa.Table:
    """The sessions that begin on the UTC date (all without one), as rows of `sessions` by start time.

    Args:
        events: Rows with the columns of `session_events.KEYED`, in any order; for a date also those of the dates
            before and after it.
        rules: What ends a session.
        day: The date.
    """
    people, order = in_order(events)
    times = numbers(events["event_time"])[order]
    is_new = beginnings(people[order], times, campaigns(events)[order], rules)
    is_wanted = _of_day(is_new, times, day)
    if not is_wanted.any():
        return SESSIONS.schema.empty_table()
    found = _Sessions(events.take(order[is_wanted]), is_new[is_wanted])
    return found.table().sort_by([("start_time", "ascending"), ("session_id", "ascending")])


def _of_day(is_new: Mask, times: Ints, day: date | None) -> Mask:
    """Which events belong to sessions that begin on the day."""
    if day is None or not len(times):
        return np.ones(len(times), dtype=np.bool_)
    starts = np.flatnonzero(is_new)
    is_wanted: Mask = times[starts] // DAY_US == day.toordinal() - _EPOCH_DAY
    return np.repeat(is_wanted, np.diff(np.append(starts, len(times))))


class _Sessions:
    """Whole sessions, one after the other: what is known of each."""

    def __init__(self, events: pa.Table, is_new: Mask) -> None:
        self._events = events
        self._starts = np.flatnonzero(is_new)
        self._ends = np.append(self._starts[1:], len(is_new)) - 1
        self._owners = np.cumsum(is_new) - 1

    def table(self) -> pa.Table:
        """The rows, in the columns of `sessions`."""
        columns = {**self._identity(), **self._times(), **self._pages(), **self._origin(), **self._outcome()}
        arrays = [pa.array(columns[field.name]).cast(field.type) for field in SESSIONS.schema]
        return pa.table(arrays, schema=SESSIONS.schema)

    def _identity(self) -> dict[str, pa.Array]:
        anonymous, user = self._of_first("anonymous_id"), self._stated("user_id", is_last=True)
        producer = self._stated("session_id")
        return {
            "session_id": self._ids(),
            "app_id": self._of_first("app_id"),
            "visitor_id": pc.coalesce(anonymous, user, producer),
            "anonymous_id": anonymous,
            "user_id": user,
            "producer_session_id": producer,
            "producer_sessions": self._distinct(codes(self._events["session_id"])),
            "is_bot": pc.fill_null(self._of_first("is_bot"), fill_value=False),
        }

    def _ids(self) -> pa.Array:
        """A hash of what makes the first event unlike any other."""
        firsts = self._events.select([KEY, "event_time", "event_id"]).take(self._starts)
        parts = zip(firsts[KEY].to_pylist(), numbers(firsts["event_time"]), firsts["event_id"].to_pylist(), strict=True)
        return pa.array([hashlib.sha256(f"{k}\0{t}\0{i}".encode()).hexdigest()[:32] for k, t, i in parts])

    def _times(self) -> dict[str, pa.Array]:
        times = numbers(self._events["event_time"])
        return {
            "start_time": self._of_first("event_time"),
            "end_time": _chunk(self._events["event_time"].take(self._ends)),
            "duration_s": (times[self._ends] - times[self._starts]) // 1_000_000,
            "events": self._ends - self._starts + 1,
        }

    def _pages(self) -> dict[str, pa.Array]:
        is_view = places(pc.fill_null(pc.equal(self._events["event_type"], "page_view"), fill_value=False))
        views = np.add.reduceat(is_view.astype(np.int64), self._starts)
        return {
            "page_views": views,
            "pages": self._distinct(codes(self._events["page_path"])),
            "entry_page": self._stated("page_path"),
            "exit_page": self._stated("page_path", is_last=True),
            "is_bounce": views <= 1,
        }

    def _origin(self) -> dict[str, pa.Array]:
        campaign = self._place(campaigns(self._events) >= 0)
        utm = {name: self._at(name, campaign) for name in ("utm_source", "utm_medium", "utm_campaign")}
        return {
            **utm,
            "channel": pc.fill_null(self._of_first("channel"), _UNKNOWN),
            "device_type": pc.fill_null(self._of_first("device_type"), _UNKNOWN),
            "country": self._stated("country"),
        }

    def _outcome(self) -> dict[str, pa.Array]:
        """Purchases; of an order that is sent twice the first copy counts."""
        owners = self._owners[self._orders]
        counts = np.bincount(owners, minlength=len(self._starts))
        bought = self._events.select(["revenue", "currency"]).take(self._orders)
        owned = bought.append_column("owner", pa.array(owners)).filter(pc.is_valid(bought["revenue"]))
        owned = owned.set_column(0, "revenue", owned["revenue"].cast(pa.decimal128(38, 2)))
        owned = owned.set_column(1, "currency", pc.fill_null(owned["currency"], ""))
        totals = owned.group_by("owner").aggregate(
            [("revenue", "sum"), ("currency", "min"), ("currency", "count_distinct")]
        )
        totals = totals.filter(pc.equal(totals["currency_count_distinct"], 1))
        where = np.full(len(self._starts), -1)
        where[totals["owner"].to_numpy()] = np.arange(len(totals))
        currency = _taken(totals["currency_min"], where)
        return {
            "is_converted": counts > 0,
            "orders": counts,
            "revenue": _taken(totals["revenue_sum"], where),
            "currency": pc.if_else(pc.equal(currency, ""), pa.scalar(None, pa.string()), currency),
        }

    @cached_property
    def _orders(self) -> Ints:
        """Places of the first purchase of each order in its session."""
        bought = np.flatnonzero(
            places(pc.fill_null(pc.equal(self._events["event_type"], "purchase"), fill_value=False))
        )
        chosen = self._events.select(["order_id", "event_id"]).take(bought)
        order = codes(pc.coalesce(chosen["order_id"], chosen["event_id"]))
        _, firsts = np.unique(self._owners[bought] * (len(bought) + 1) + order, return_index=True)
        return bought[firsts]

    def _distinct(self, values: Ints) -> Ints:
        """How many different values from 0 on each session has."""
        is_stated = values >= 0
        pairs = np.unique(self._owners[is_stated] * (values.max(initial=0) + 1) + values[is_stated])
        return np.bincount(pairs // (values.max(initial=0) + 1), minlength=len(self._starts))

    def _of_first(self, name: str) -> pa.Array:
        """The value of the first event, which may be null."""
        return _chunk(self._events[name].take(self._starts))

    def _stated(self, name: str, *, is_last: bool = False) -> pa.Array:
        """The first value that is not null, or the last."""
        return self._at(name, self._place(places(pc.is_valid(self._events[name])), is_last=is_last))

    def _place(self, is_meant: Mask, *, is_last: bool = False) -> Ints:
        """The first place of each session where the mask is true, or the last; -1 if there is none."""
        numbered = np.arange(len(is_meant))
        if is_last:
            return np.maximum.reduceat(np.where(is_meant, numbered, -1), self._starts)
        found = np.minimum.reduceat(np.where(is_meant, numbered, len(is_meant)), self._starts)
        return np.where(found < len(is_meant), found, -1)

    def _at(self, name: str, where: Ints) -> pa.Array:
        return _taken(self._events[name], where)


def _taken(column: pa.ChunkedArray, where: Ints) -> pa.Array:
    """The values at the places; null for -1."""
    return _chunk(column.take(pa.array(where, mask=where < 0)))


def _chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks()
