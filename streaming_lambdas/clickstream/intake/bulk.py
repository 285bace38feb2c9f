"""Many payloads at once: the answers of `events.parse`, as columns, at a fraction of its cost.

A run of payloads is decoded straight into typed structs, and then proved sound as a whole: what is cheap to see of all
of them together is enough for nearly all. A run that holds anything in doubt is halved, and the few that remain are
parsed one by one. So both ways give one answer.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Raw, UnsetType

from clickstream.intake.columns import Column
from clickstream.intake.events import (
    MAX_EVENT_BYTES,
    Event,
    Id,
    Text,
    Word,
    fingerprint,
    parse,
)
from clickstream.intake.property_texts import written, written_all
from clickstream.intake.reasons import Reason, Rejected

NAMES = Event.__struct_fields__
"""The columns of `Parsed`: the fields of an event, with `properties` as JSON text."""
_TOGETHER = 1000
"""So many payloads are decoded and proved together: more would have to be looked at again for one that is in doubt."""
_FEW = 4
"""So many are parsed one by one rather than halved again."""
_SAFE = 10**18
_PLAIN = {str, bool, type(None), UnsetType}
_TEXT_OR_NOTHING = {str, type(None), UnsetType}
_UNBOUNDED = [NAMES.index(name) for name in ("timestamp", "sent_at", "revenue", "consent", "gpc", "dnt")]
_IS_TEXT = [info.type in (Id, Word, Text, Word | None, Text | None) for info in msgspec.structs.fields(Event)]
_EVENT_ID, _USER_AGENT, _PROPERTIES = (NAMES.index(name) for name in ("event_id", "user_agent", "properties"))


def _field(info: msgspec.structs.FieldInfo) -> tuple[str, Any] | tuple[str, Any, Any]:
    """The field of `Event`, such that absent is not null, and properties stay as they were sent."""
    if info.name == "properties":
        return info.name, Raw, Raw()
    return (info.name, info.type) if info.required else (info.name, info.type | UnsetType, UNSET)


_SENT = msgspec.defstruct("_SENT", map(_field, msgspec.structs.fields(Event)), forbid_unknown_fields=True, gc=False)
_decode = msgspec.json.Decoder(_SENT).decode


@dataclass
class Parsed:
    """What became of payloads: the fields of the accepted ones, and which those are; and why the others are not."""

    columns: list[list[Any]] = field(default_factory=lambda: [[] for _ in NAMES])
    places: list[int] = field(default_factory=list)
    """Which payload each row of the columns was."""
    rejected: dict[int, Rejected] = field(default_factory=dict)

    def take(self, payloads: Sequence[bytes], first: int = 0) -> None:
        """Add these, of which the first one is the payload number `first`."""
        found = _sound(payloads)
        if found:
            if self.places:
                for column, more in zip(self.columns, found, strict=True):
                    column.extend(more)
            else:
                self.columns = list(map(list, found))
            self.places.extend(range(first, first + len(payloads)))
        elif len(payloads) > _FEW:
            half = len(payloads) // 2
            self.take(payloads[:half], first)
            self.take(payloads[half:], first + half)
        else:
            for place, payload in enumerate(payloads, first):
                self._take_one(payload, place)

    def _take_one(self, payload: bytes, place: int) -> None:
        try:
            event = parse(payload)
        except Rejected as rejection:
            self.rejected[place] = rejection
            return
        except Exception as error:  # noqa: BLE001  a defect of ours on one event must not hold up its neighbours
            self.rejected[place] = defect(error)
            return
        for column, value in zip(self.columns, msgspec.structs.astuple(event), strict=True):
            column.append(value)
        self.columns[_PROPERTIES][-1] = written(event.properties)
        self.places.append(place)


def parse_all(payloads: Sequence[bytes]) -> Parsed:
    """What `events.parse` says of each payload."""
    parsed = Parsed()
    for first in range(0, len(payloads), _TOGETHER):
        parsed.take(payloads[first : first + _TOGETHER], first)
    return parsed


def defect(error: Exception) -> Rejected:
    """The reason for an event on which our own code failed. The payload may be personal: only the kind is told."""
    return Rejected(Reason.INTERNAL_ERROR, f"a defect of this software: {type(error).__name__}")


def _sound(payloads: Sequence[bytes]) -> list[Column] | None:
    """The columns of these payloads if they are all accepted for certain, else None."""
    if not payloads:
        return None
    try:
        events = list(map(_decode, payloads))
        columns: list[Column] = list(zip(*map(msgspec.structs.astuple, events), strict=True))
        properties = written_all(columns[_PROPERTIES])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    settled = [
        _Settled(*properties) if number == _PROPERTIES else _settled(column, is_text=_IS_TEXT[number])
        for number, column in enumerate(columns)
    ]
    settled[_USER_AGENT] = settled[_USER_AGENT]._replace(column=_but_empty(columns[_USER_AGENT]))
    if not (_is_complete(settled, payloads) and all(_is_bounded(columns[number]) for number in _UNBOUNDED)):
        return None
    sound = [column for column, *_ in settled]
    ids = sound[_EVENT_ID]
    if None in ids:
        sound[_EVENT_ID] = [fingerprint(p) if i is None else i for p, i in zip(payloads, ids, strict=True)]
    return sound


class _Settled(NamedTuple):
    """A column as it is kept; the members of JSON objects that it came from, and the quotation marks around them."""

    column: Column
    members: int
    quotes: int


def _settled(column: Column, *, is_text: bool) -> _Settled:
    """The column with None for what is absent, which an empty text is too. `is_text`: it can hold no numbers."""
    size = len(column)
    if column[0] is UNSET and column.count(UNSET) == size:
        return _Settled([None] * size, 0, 0)
    if all(column) and (is_text or set(map(type, column)) == {str}):
        return _Settled(column, size, 4 * size)
    kinds = Counter(map(type, column))
    sent = size - kinds[UnsetType]
    quotes = 2 * (sent + kinds[str])
    if kinds.keys() <= _TEXT_OR_NOTHING:
        return _Settled(column if all(column) else [value or None for value in column], sent, quotes)
    return _Settled([None if value is UNSET or value == "" else value for value in column], sent, quotes)


def _is_complete(settled: Sequence[_Settled], payloads: Sequence[bytes]) -> bool:
    """Whether the columns hold for certain everything that was sent: no name stood twice, and no event is too large.

    Where nothing is escaped, every quotation mark stands around a name or a text: a member that the decoder passed over
    would show as marks that no column accounts for.
    """
    text = b" ".join(payloads)
    if len(text) > MAX_EVENT_BYTES < max(map(len, payloads)):
        return False
    if b"\\" not in text and text.count(b'"') == sum(quotes for _, _, quotes in settled):
        return True
    return _certain_members(text) == sum(members for _, members, _ in settled)


def _certain_members(text: bytes) -> int:
    """The members that the payloads hold as text, repeated names included, or more; -1 if that cannot be told.

    A name is followed by a colon. So where no colon follows white space, there are at least as many `":` as members,
    and if they are as many as the members that were decoded, then no name was there twice.
    """
    is_spaced = any(space in text and space + b":" in text for space in (b" ", b"\t", b"\n", b"\r"))
    return -1 if is_spaced else text.count(b'":')


def _is_bounded(column: Column) -> bool:
    """Whether all numbers are well within the 19 digits that an integer may have."""
    if not any(column) or set(map(type, column)) <= _PLAIN:
        return True
    return all(type(value) in _PLAIN or -_SAFE < value < _SAFE for value in column)


def _but_empty(column: Column) -> Column:
    """The column with None for what is absent; an empty text stays one."""
    return column if all(column) else [None if value is UNSET else value for value in column]
