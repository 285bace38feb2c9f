"""The event parser under hostile input: only `Rejected` may leave it, whatever arrives."""

import json
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickstream.intake.events import KNOWN_FIELDS, Event, merged, parse
from clickstream.intake.reasons import Reason, Rejected

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
EVENTS = st.fixed_dictionaries(
    {"event_type": st.just("click") | VALUES},
    optional=dict.fromkeys(sorted(KNOWN_FIELDS - {"event_type"}), VALUES) | {"x": VALUES, "event.x": VALUES},
)
QUICK = settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
SEEDS_TO_MUTATE = [
    json.dumps(event, separators=separators, ensure_ascii=ensure_ascii).encode()
    for event in (
        {"event_type": "click", "session_id": "s", "timestamp": "2026-01-01T00:00:00Z", "user_agent": ""},
        {
            "event_type": "purchase",
            "revenue": 12.5,
            "quantity": 3,
            "properties": {"é": [1, 2.5, "\\", None, {"a": {}}]},
        },
        {"event_type": "search", "page_url": "https://shop.example/?q=1", "consent": True, "a": 1e22, "b": "😀"},
    )
    for separators in ((",", ":"), (", ", ": "))
    for ensure_ascii in (True, False)
]
PIECES = [
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\",
    b"\\ud800",
    b"\\u0000",
    b"9" * 20,
    b"-",
    b".",
    b"e999",
    b"NaN",
]
PIECES += [
    b"null",
    b"true",
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b" ",
    b"\n",
    b'"event_type":',
    b'"a":1,',
]


def mutated(chance: random.Random) -> bytes:
    """A valid event with one to four places cut out, doubled, overwritten or inserted into."""
    data = bytearray(chance.choice(SEEDS_TO_MUTATE))
    for _ in range(chance.randint(1, 4)):
        at, size = chance.randrange(len(data) + 1), chance.choice((0, 0, 1, 2, 9))
        piece = chance.choice((b"", chance.choice(PIECES), chance.randbytes(1), bytes(data[at : at + 12])))
        data[at : at + size] = piece
    return bytes(data)


def outcome(data: bytes) -> Reason | None:
    """The reason of the refusal, or None for an event whose every part can be written as JSON again."""
    try:
        event = parse(data)
    except Rejected as rejection:
        return rejection.reason
    assert isinstance(event, Event)
    json.dumps(event.properties).encode()
    return None


def mutate_and_parse(times: int) -> Counter[Reason | None]:
    """How often each outcome came up. The seed is fixed, so a failure comes again."""
    chance = random.Random(20261121)  # noqa: S311  reproducible, not secret
    return Counter(outcome(mutated(chance)) for _ in range(times))


@QUICK
@given(st.binary(max_size=200) | (VALUES | EVENTS).map(lambda value: json.dumps(value).encode("utf-8")))
def test_bytes_and_json_of_any_shape_raise_nothing_but_rejected(data: bytes) -> None:
    """Neither noise nor well-formed JSON of any types lets another exception out."""
    outcome(data)


def test_damaged_events_raise_nothing_but_rejected() -> None:
    """30,000 damaged events are taken or refused, and the damage is varied enough to reach most reasons."""
    found = mutate_and_parse(30_000)
    assert found[None] > 3_000
    assert len(found) >= 7


@pytest.mark.long
def test_a_million_damaged_events_raise_nothing_but_rejected() -> None:
    """The same, 1,000,000 times."""
    assert mutate_and_parse(1_000_000).total() == 1_000_000


@QUICK
@given(st.dictionaries(st.text(max_size=3), LEAVES), st.dictionaries(st.sampled_from(["a", "event.a", "b"]), LEAVES))
def test_merging_loses_nothing(properties: dict[str, Any], more: dict[str, Any]) -> None:
    """Every value of both sides is still there, and the sender's properties keep their names."""
    both = merged(properties, more)
    assert len(both) == len(properties) + len(more)
    assert both.items() >= properties.items()
