"""Who may send, and for which app."""

import json

import pytest

from clickstream.collecting.collecting import CollectedEvent
from clickstream.collecting.write_keys import EVERYBODY, WriteKeys, parse
from clickstream.errors import ConfigError

KEYS = WriteKeys({"k1": "shop", "k2": ""})


def test_without_a_list_anybody_may_send() -> None:
    """All share one name, because anybody could make one up."""
    assert WriteKeys({}).owner(None) == WriteKeys({}).owner("whatever") == EVERYBODY


def test_with_a_list_only_its_keys_may() -> None:
    """A key that is not listed, and a request without one, have no owner."""
    assert KEYS.owner("k1") == "k1"
    assert KEYS.owner("other") is KEYS.owner(None) is None


@pytest.mark.parametrize("payload", [b'{"a":1,"b":[2.50]}', b"{}", b'{"app_id":null,"a":1}', b'{"app_id":""}'])
def test_the_app_of_the_key_is_put_in(payload: bytes) -> None:
    """An event that names no app gets the key's; everything else of it stays as it was."""
    (event,) = KEYS.with_app([CollectedEvent(payload, "s")], "k1")
    assert json.loads(event.payload) == {**json.loads(payload), "app_id": "shop"}
    assert event.session == "s"


@pytest.mark.parametrize("payload", [b'{"app_id":"other"}', b"[1]", b'{"a":', b"\xff", b"", b'{"a":1}{"b":2}'])
def test_what_names_an_app_or_is_no_object_stays(payload: bytes) -> None:
    """Not one byte of it changes: bad events are kept as they were sent."""
    (event,) = KEYS.with_app([CollectedEvent(payload, "s")], "k1")
    assert event.payload == payload


def test_a_bad_event_stays() -> None:
    """What was marked as bad is a container of ours, not an event."""
    event = CollectedEvent(b'{"reason":"x"}', "s", is_bad=True)
    assert KEYS.with_app([event], "k1") == [event]


def test_a_key_without_an_app_changes_nothing() -> None:
    """So does no key at all."""
    events = [CollectedEvent(b"{}", "s")]
    assert KEYS.with_app(events, "k2") is KEYS.with_app(events, None) is events


def test_the_table_is_read() -> None:
    """Keys and apps from JSON; nothing is an empty table."""
    assert parse('{"k": "shop"}') == {"k": "shop"}
    assert parse("") == {}


@pytest.mark.parametrize("text", ["[]", "{", '{"k": 1}', '{"": "shop"}', json.dumps({"k" * 3_000: "shop"})])
def test_a_wrong_table_is_refused(text: str) -> None:
    """With a sentence that says what is needed."""
    with pytest.raises(ConfigError, match=r"needed|characters"):
        parse(text)
