"""What the session logic needs of a batch: its rows by session, as columns, and one by one where that is asked for."""

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate, chain, repeat, takewhile
from operator import floordiv, sub
from typing import Any
from zlib import crc32

import msgspec

from clickstream.intake.columns import Coded, Column, Columns, Row
from clickstream.tables import RAW_EVENTS

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def milliseconds(time: datetime) -> int:
    """Whole milliseconds since the epoch."""
    return (time - _EPOCH) // _MICROSECOND // 1000


def instant(time_us: int) -> datetime:
    """The instant so many microseconds after the epoch."""
    return _EPOCH + time_us * _MICROSECOND


class Activity(msgspec.Struct, frozen=True, gc=False):
    """What the session logic needs of one row."""

    position: str
    event_id: str
    event_type: str
    event_time: datetime
    received_time: datetime
    page_path: str | None
    channel: str
    device_type: str
    user_agent: str | None
    browser: str | None
    os: str | None
    bot_reason: str | None
    order_id: str | None
    revenue: object
    product_id: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Agent:
    """What a user agent says. Told apart by identity: comparing texts would cost more than knowing one twice."""

    user_agent: str | None
    browser: str | None
    os: str | None
    bot_reason: str | None


class Activities(Collection[Activity]):
    """What one session did in a batch, in order of position."""

    __slots__ = ("_batch", "_part", "_rows")

    def __init__(self, batch: "_Batch", rows: Sequence[int], start: int) -> None:
        self._batch, self._rows = batch, rows
        self._part = slice(start, start + len(rows))

    @property
    def id_hashes(self) -> Sequence[int]:
        """Hashes of the event ids."""
        return self._batch.id_hashes[self._part]

    @property
    def times_us(self) -> Sequence[int]:
        """Event times, in microseconds since the epoch."""
        return self._batch.times_us[self._part]

    @property
    def kinds(self) -> Sequence[str]:
        """Event types."""
        return self._batch.kinds[self._part]

    @property
    def pages(self) -> Sequence[str | None]:
        """Paths of the pages."""
        return self._batch.pages[self._part]

    @property
    def agents(self) -> Sequence[Agent]:
        """User agents."""
        return self._batch.agents[self._part]

    def value(self, name: str, place: int) -> Any:  # noqa: ANN401  the type of the column
        """One value of any column of `raw_events`."""
        return self._batch.value(name, self._rows[place])

    @property
    def last_position(self) -> str:
        """The greatest position."""
        return str(self.value("sequence_number", -1))

    def after(self, position: str) -> "Activities":
        """Those behind a position, which may be none."""
        seen = sum(1 for _ in takewhile(position.__ge__, map(self._position, self._rows)))
        return Activities(self._batch, self._rows[seen:], self._part.start + seen) if seen else self

    def _position(self, row: int) -> str:
        return str(self._batch.value("sequence_number", row))

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, activity: object) -> bool:
        return any(activity == each for each in self)

    def __iter__(self) -> Iterator[Activity]:
        return map(self._batch.activity, self._rows)


def by_session(rows: Iterable[Row]) -> dict[str, Activities]:
    """The activities of each session, in order of position. Rows without a session_id have none."""
    chunks = Columns.of(rows).chunks
    found: defaultdict[str | None, list[int]] = defaultdict(list)
    for row, session_id in enumerate(chain.from_iterable(chunk[_SESSION] for chunk in chunks)):
        found[session_id].append(row)
    found.pop(None, None)
    batch = _Batch(chunks, list(chain.from_iterable(found.values())))
    starts = accumulate(map(len, found.values()), initial=0)
    return {str(name): Activities(batch, found[name], start) for name, start in zip(found, starts, strict=False)}


class _Batch:
    """Columns of a batch, those that every event is asked for in the order of its sessions."""

    def __init__(self, chunks: Sequence[Sequence[Column]], order: Sequence[int]) -> None:
        self._chunks = chunks
        self._ends = list(accumulate(len(chunk[0]) for chunk in chunks))

        def rows(index: int) -> Iterator[Any]:
            return chain.from_iterable(chunk[index] for chunk in chunks)

        def ordered(values: Sequence[Any]) -> Iterator[Any]:
            return map(values.__getitem__, order)

        # Worked out in the order of rows, and kept in arrays: objects that lie scattered are slow to come by.
        id_hashes = array("L", map(crc32, map(str.encode, rows(_EVENT_ID))))
        since_epoch = map(sub, rows(_EVENT_TIME), repeat(_EPOCH))
        times_us = array("q", map(floordiv, since_epoch, repeat(_MICROSECOND)))
        self.id_hashes, self.times_us = array("L", ordered(id_hashes)), array("q", ordered(times_us))
        self.kinds: list[str] = list(ordered(list(rows(_EVENT_TYPE))))
        self.pages: list[str | None] = list(ordered(list(rows(_PAGE))))
        self.agents: list[Agent] = list(ordered(list(chain.from_iterable(map(_agents, chunks)))))

    def value(self, name: str, row: int) -> Any:  # noqa: ANN401  the type of the column
        """One value by the name of its column and the number of its row."""
        number = bisect_right(self._ends, row)
        return self._chunks[number][_INDEX[name]][row - self._ends[number]]

    def activity(self, row: int) -> Activity:
        """All that is known of a row."""
        number = bisect_right(self._ends, row)
        chunk, place = self._chunks[number], row - self._ends[number]
        return Activity(*(chunk[index][place] for index in _ACTIVITY))


def _agents(chunk: Sequence[Column]) -> Column:
    """The agent of each row."""
    texts, *found = (chunk[index] for index in _AGENT)
    said = [column for column in found if isinstance(column, Coded)]
    if len(said) < len(found) or any(column.codes is not said[0].codes for column in said):
        return [_agent(*each) for each in zip(texts, *found, strict=True)]
    # What was worked out of the texts shares their codes: one of a code's texts stands for all.
    text_of = dict(zip(said[0].codes, texts, strict=True))
    values = zip(*(column.values for column in said), strict=True)
    return Coded(said[0].codes, [_agent(text_of.get(code), *value) for code, value in enumerate(values)])


@lru_cache(4_000)
def _agent(user_agent: str | None, browser: str | None, system: str | None, bot_reason: str | None) -> Agent:
    return Agent(user_agent, browser, system, bot_reason)


_INDEX = {name: index for index, name in enumerate(RAW_EVENTS.schema.names)}
_SESSION, _EVENT_ID, _EVENT_TYPE = (_INDEX[name] for name in ("session_id", "event_id", "event_type"))
_EVENT_TIME, _PAGE = (_INDEX[name] for name in ("event_time", "page_path"))
_AGENT = [_INDEX[name] for name in Agent.__dataclass_fields__]
_ACTIVITY = [_INDEX["sequence_number" if name == "position" else name] for name in Activity.__struct_fields__]
