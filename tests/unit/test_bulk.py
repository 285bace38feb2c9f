"""Many payloads at once are judged exactly as one by one."""

import json
import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clickstream.intake import bulk
from clickstream.intake.bulk import NAMES, parse_all
from clickstream.intake.events import MAX_DEPTH, MAX_EVENT_BYTES, parse
from clickstream.intake.property_texts import written
from clickstream.intake.reasons import Reason, Rejected

PLAIN = b'{"event_type":"click","event_id":"e","properties":{"a":1}}'
TEXTS = st.sampled_from(["", "x", 'a":b', ' :"', "é\u2028", "{[", "9" * 21, "\\", "2026-11-21T09:05:30Z"]) | st.text(
    max_size=8
)
SCALARS = (
    TEXTS
    | st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.sampled_from([0, 1, -0.0, 1e22, 10**18, 10**19, 2**63])
    | st.floats(allow_nan=False)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=5
)
MEMBERS = st.tuples(st.sampled_from(NAMES) | st.sampled_from(["x", "event.x", 'k":']), SCALARS | VALUES)
STYLES = st.sampled_from([(",", ":"), (", ", ": "), (",", " :"), (",", "\n:"), (" ,\t", ":\r\n")])


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    """An object of members, names of which may come twice, in any spacing and escaping; sometimes damaged."""
    members = [("event_type", "click"), *draw(st.lists(MEMBERS, max_size=5))]
    comma, colon = draw(STYLES)
    is_ascii = draw(st.booleans())
    words = [
        json.dumps(name, ensure_ascii=is_ascii)
        + colon
        + json.dumps(value, separators=(comma, colon), ensure_ascii=is_ascii)
        for name, value in (members if draw(st.booleans()) else dict(members).items())
    ]
    data = ("{" + comma.join(words) + "}").encode("utf-8", "surrogatepass")
    cut = draw(st.integers(0, len(data) * 4))
    return data[:cut] + draw(st.sampled_from([b"", b" ", b"\n", b"\x00", b"\xff", b"{}"]))


def one_by_one(data: Sequence[bytes]) -> list[tuple[Any, ...] | tuple[Reason, str]]:
    """The fields of each accepted payload, properties as text; reason and detail of the others."""
    found: list[tuple[Any, ...]] = []
    for payload in data:
        try:
            event = parse(payload)
        except Rejected as rejection:
            found.append((rejection.reason, rejection.detail))
            continue
        fields = dict(zip(NAMES, msgspec.structs.astuple(event), strict=True))
        found.append(tuple((fields | {"properties": written(event.properties)}).values()))
    return found


def at_once(data: Sequence[bytes]) -> list[tuple[Any, ...] | tuple[Reason, str]]:
    """The same by `parse_all`."""
    parsed = parse_all(data)
    found: dict[int, tuple[Any, ...]] = dict(zip(parsed.places, zip(*parsed.columns, strict=True), strict=True))
    assert not found.keys() & parsed.rejected.keys()
    found |= {place: (rejection.reason, rejection.detail) for place, rejection in parsed.rejected.items()}
    assert sorted(found) == list(range(len(data)))
    return [found[place] for place in range(len(data))]


def kinds(found: list[tuple[Any, ...]]) -> list[list[type]]:
    """The types of all values: 1, 1.0 and True are equal and not the same."""
    return [[type(value) for value in values] for values in found]


def same(data: Sequence[bytes]) -> None:
    """Both ways give one answer."""
    expected, found = one_by_one(data), at_once(data)
    assert repr(found) == repr(expected)
    assert kinds(found) == kinds(expected)


@settings(max_examples=600, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(payloads() | st.just(PLAIN), max_size=12))
@example([PLAIN] * 9)
@example([b'{"event_type":"a","app_id" :"1","app_id":"2"}', PLAIN])
@example([b'{"event_type":"a","app_id" : "1","app_id":"2","page_title":"\\":"}', PLAIN])
@example([b'{"event_type":"a","properties":{"a" :1,"a":":\\":"}}'])
@example([b'{"event_type":"a","properties":{"a":"\\u0022:","b":{"c":1,"c":2}}}'])
@example(
    [
        b'{"event_type":"a","properties":null}',
        b'{"event_type":"a","properties":""}',
        b'{"event_type":"a","properties":{}}',
    ]
)
def test_any_payloads_are_judged_as_one_by_one(data: list[bytes]) -> None:
    """Accepted fields with their types, reasons, details and places are the same, whatever the neighbours are."""
    same(data)


@pytest.mark.parametrize("seed", range(20))
def test_any_arrangement_of_sound_and_doubtful_payloads_keeps_its_order(seed: int) -> None:
    """Halving finds every doubtful payload and mixes up none."""
    chance = random.Random(seed)  # noqa: S311  reproducible, not secret
    odd = [b"", b"{", b'{"event_type":"a","x":1}', b'{"event_type":"a","event_type":"b"}', PLAIN + b"\n"]
    share = chance.choice((0.01, 0.2, 0.9))
    data = [
        chance.choice(odd) if chance.random() < share else b'{"event_type":"click","event_id":%d}' % number
        for number in range(chance.randrange(300))
    ]
    same(data)


DEEP = b'{"a":' * (MAX_DEPTH - 1) + b"1" + b"}" * (MAX_DEPTH - 1)
EDGES = [
    b'{"event_type":"click","properties":' + DEEP + b"}",
    b'{"event_type":"click","properties":{"b":' + DEEP + b"}}",
    b'{"event_type":"click","properties":' + b'{"a":[' * 50_000,
    b'{"event_type":"click","properties":{"a":"' + b"x" * MAX_EVENT_BYTES + b'"}}',
    b'{"event_type":"click","timestamp":1234567890123456789}',
    b'{"event_type":"click","timestamp":12345678901234567890}',
    b'{"event_type":"click","timestamp":123456789012345678901.0}',
    b'{"event_type":"click","consent":123456789012345678901}',
    b'{"event_type":"click","properties":{"a":12345678901234567890}}',
    b'{"event_type":"click","properties":{"a":"12345678901234567890"}}',
    b'{"event_type":"click","properties":{"a":1.50,"b":1e5,"c":"\\/"}}',
    b'{"event_type":"click","properties":{"a":"\xff"}}',
    b'{"event_type":"click","properties":{"a":"\\ud800"}}',
    b'{"event\\u005ftype":"click"}',
]


@pytest.mark.parametrize("data", EDGES, ids=range(len(EDGES)))
def test_limits_hold_among_neighbours(data: bytes) -> None:
    """Depth, size, digits and encoding are judged event by event."""
    same([PLAIN, data, PLAIN])
    same([data])


def test_neighbours_without_properties_do_not_hide_depth() -> None:
    """As many nulls as there are lists in a list do not make up for its brackets."""
    nothing = b'{"event_type":"click","properties":null}'
    for depth in (MAX_DEPTH - 2, MAX_DEPTH - 1, 2 * MAX_DEPTH):
        deep = b'{"event_type":"click","properties":{"a":' + b"[" * depth + b"]" * depth + b"}}"
        same([nothing] * depth + [deep])


ODD_SIBLINGS = {
    b'{"a":12,"b":"x3"}': b'{"a":05,"b":"x3"}',
    b'{"a1":1,"a2":2}': b'{"a1":1,"a1":2}',
    b'{"a":-5}': b'{"a":-0}',
    b'{"a":1.25}': b'{"a":1.50}',
    b'{"a":1e5}': b'{"a":1e7}',
    b'{"a":"\\u0041"}': b'{"a":"\\u0022"}',
    b'{"a":"\\u0001"}': b'{"a":"\\u0041"}',
    b'{"a":\n1}': b'{"a":\n2}',
    b'{"a":[1]}': b'{"a":[0]}',
    b'{"a":1844674407370955161}': b'{"a":9999999999999999999}',
    b'{"a":12345678901234567890}': b'{"a":99999999999999999999}',
    b'{"a":"12345678901234567890"}': b'{"a":"99999999999999999999"}',
    b'{"a":":1"}': b'{"a":":2"}',
    b'{"a": 1}': b'{"a": 2}',
    b'{"a":"\xff1"}': b'{"a":"\xff2"}',
    b'{"a":"\xed\xa0\x801"}': b'{"a":"\xed\xa0\x802"}',
    b'{"a":{"b1":1,"b2":2}}': b'{"a":{"b1":1,"b1":2}}',
    b"{}": b"null",
    b'{"a":true}': b'{"a":false,"event.x":null}',
    b'["1"]': b'["2"]',
}
"""Properties, and others of the same shape that are judged or written in another way, or might be."""


@pytest.mark.parametrize("sound", ODD_SIBLINGS, ids=range(len(ODD_SIBLINGS)))
def test_properties_of_one_shape_are_judged_one_by_one(sound: bytes) -> None:
    """What is right for one of many properties that differ in digits only is not taken to be right for another."""
    events = [b'{"event_type":"click","properties":%s}' % each for each in (sound, ODD_SIBLINGS[sound])]
    first, second = events
    same([first] * 40 + [second] + [first] * 40)
    same([second] * 40 + [first, PLAIN, b'{"event_type":"click"}'] + [second] * 40)


@settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(payloads(), min_size=1, max_size=2), st.randoms(use_true_random=False))
def test_many_of_few_shapes_are_judged_as_one_by_one(samples: list[bytes], chance: random.Random) -> None:
    """Payloads that differ in digits only, some of them no JSON any more, have the answers that each has alone."""
    digits = b"0123456789"
    same([bytes(chance.choice(digits) if b in digits else b for b in chance.choice(samples)) for _ in range(60)])


def test_ordinary_payloads_are_taken_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compact JSON as browsers write it, with line ends, numbers and nested properties, needs no second look."""
    ordinary = [
        b'{"event_type":"click","timestamp":1763715930123,"revenue":12.5,"user_id":7,"session_id":null,"referrer":""}\n',
        '{"event_type":"view","page_title":"Café rouge","page_url":"https://a.example/?a=1:2"}'.encode(),
        b'{"event_type":"buy","properties":{"items":[{"id":1,"name":"a b"},{"id":2}],"t":"10:30"}}',
        b'{"event_type":"buy","quantity":2,"consent":true,"properties":{}}',
        PLAIN,
    ]
    many = [*ordinary, *[PLAIN] * 80, PLAIN.replace(b"1", b"1.5"), PLAIN.replace(b"click", b"\\u0041")]
    for data in (ordinary, many):
        expected = one_by_one(data)
        with monkeypatch.context() as patched:
            patched.setattr(bulk, "parse", None)
            patched.setattr(bulk, "_FEW", len(data))
            assert at_once(data) == expected
