"""Properties as they were sent → the JSON text that is kept: what msgspec writes of what it read, for many at once."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from clickstream import enrichment
from clickstream.intake.columns import Column
from clickstream.intake.events import MAX_DEPTH, has_long_digits, shape

_decode = msgspec.json.Decoder(dict[str, Any] | None).decode_lines
_encode = msgspec.json.Encoder()
_NO_PROPERTIES = ("{}", "null")
_UNKNOWN = -(1 << 62)
"""Quotation marks that cannot be told: no sum with it is one of marks that were counted."""
_SIMPLE = {str, int, bool, type(None)}
_SHARED = 16
"""So many events must be of one shape, on average, for shapes to be worth a look: one costs as much as ten events."""


class Texts(NamedTuple):
    """The text for each event, None for no properties; and members of JSON objects and quotation marks sent for them.

    Both counts include the name `properties` itself.
    """

    texts: list[str | None]
    members: int
    quotes: int


def written(properties: dict[str, Any] | None) -> str | None:
    """Properties as JSON text; None if there are none."""
    return _encode.encode(properties).decode() if properties else None


def redacted(column: Column) -> Column:
    """The texts without e-mail addresses and card numbers, in names and in values. Numbers stay as they are."""
    if not enrichment.is_suspect("\n".join(filter(None, column))):
        return column
    return [_redacted(text) if text and enrichment.is_suspect(text) else text for text in column]


def _redacted(text: str) -> str:
    found = msgspec.json.decode(text)
    cleaned = _cleaned(found)
    return text if cleaned == found else _encode.encode(cleaned).decode()


def _cleaned(value: Any) -> Any:  # noqa: ANN401  whatever JSON holds
    if isinstance(value, str):
        return enrichment.redacted(value)
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    made: dict[str, Any] = {}
    for name, inner in value.items():
        kept = enrichment.redacted(name) or name
        # Nothing is lost where two names become one.
        while kept in made:
            kept += "'"
        made[kept] = _cleaned(inner)
    return made


def written_all(column: Sequence[Raw]) -> Texts:
    """The texts of these properties; an empty `Raw` is none. Raises `msgspec.DecodeError` if any are in doubt."""
    given = [raw for raw in column if raw]
    found = _by_shape(given)
    if len(given) == len(column):
        return found
    rest = iter(found.texts)
    return found._replace(texts=[next(rest) if raw else None for raw in column])


def _by_shape(given: Sequence[Raw]) -> Texts:
    """The texts of properties that were sent. Most are of few shapes, of which one each is looked at."""
    together = b"\n".join(given)
    shapes = shape(together).split(b"\n")
    counts = Counter(shapes)
    if len(shapes) != len(given) or len(counts) * _SHARED > len(given):
        return _looked_at(given)
    members = {each: _members_of_shape(bytes(sample)) for each, sample in dict(zip(shapes, given, strict=True)).items()}
    texts: list[str | None] = list(together.decode().split("\n"))
    total, quotes = len(given), 2 * len(given) + together.count(b'"')
    if not all(members.values()):
        places = [place for place, each in enumerate(shapes) if not members[each]]
        doubtful = _looked_at([given[place] for place in places])
        for place, text in zip(places, doubtful.texts, strict=True):
            texts[place] = text
        total += doubtful.members - len(places)
        quotes = quotes if doubtful.quotes > 0 else _UNKNOWN
    return Texts(texts, total + sum(count * members[each] for each, count in counts.items()), quotes)


def _members_of_shape(sample: bytes) -> int:
    """How many members all properties have that differ from these in digits only, if each of them is kept as it is.

    That is so for a flat object without escapes, written as we would, of whole numbers from 0 up, with names that no
    other digits make equal. Else 0.
    """
    [found] = _decode(sample)
    if not found or b"\\" in sample or _encode.encode(found) != sample or has_long_digits(sample):
        return 0
    values = found.values()
    is_simple = _SIMPLE.issuperset(map(type, values)) and all(value >= 0 for value in values if type(value) is int)
    names = {shape(name.encode()) for name in found}
    return len(found) if is_simple and len(names) == len(found) else 0


def _looked_at(given: Sequence[Raw]) -> Texts:
    """The texts of properties that were sent, each read and written."""
    together = b"\n".join(given)
    found = _decode(together)
    if has_long_digits(together):
        raise msgspec.DecodeError("an integer may be too long")
    members = len(found) + sum(len(each) for each in found if each)
    if together.count(b"{") + together.count(b"[") > len(found) - found.count(None):
        if any(raw.count(b"{") + raw.count(b"[") >= MAX_DEPTH for raw in map(bytes, given)):
            raise msgspec.DecodeError("the nesting may be too deep")
        members = len(found) + sum(map(_members, found))
    lines = _encode.encode_lines(found)
    # The same bytes once more: no name was there twice. The quotes of anything else are not known.
    quotes = 2 * len(found) + together.count(b'"') if lines[:-1] == together else _UNKNOWN
    texts = lines.decode().split("\n")[: len(found)]
    return Texts([None if text in _NO_PROPERTIES else text for text in texts], members, quotes)


def _members(value: object) -> int:
    """The members of all objects in a JSON value."""
    if isinstance(value, dict):
        return len(value) + sum(map(_members, value.values()))
    return sum(map(_members, value)) if isinstance(value, list) else 0
