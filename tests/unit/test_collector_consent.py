"""Visitors who refuse: who they are never reaches the stream, whichever way they say so."""

import json
from itertools import product
from typing import Any

import pytest

from clickstream.collecting.collecting import Collected, collect
from clickstream.collecting.consent import is_identifying
from clickstream.collecting.requests import Limits
from tests.unit.captured import captured, landed, only, properties, request, sent
from tests.unit.hostile_events import BATCHES, CANARY

WHO = "u-4711"
MAIL = "ada@example.com"
EVENT = {
    "event_type": "page_view", "session_id": "s-4711", "user_id": WHO, "anonymous_id": "a-4711", "event_id": "e1",
    "page_url": f"https://shop.example/p?utm_source=news&token=s-4711&mail={MAIL}", "ip_address": "203.0.113.9",
    "properties": {"email": MAIL, "userId": WHO, "note": f"ask {MAIL}", "plan": "pro"},
}  # fmt: skip
SEGMENT: dict[str, Any] = {
    "type": "identify", "userId": WHO, "anonymousId": "a-4711", "messageId": "m1",
    "traits": {"email": MAIL, "plan": "pro"},
    "context": {"ip": "203.0.113.9", "traits": {"phone": "4711"}, "userAgent": "Mozilla/5.0 X", "locale": "de"},
}  # fmt: skip
TRACES = (b"4711", MAIL.encode(), b"203.0.113.9", b"198.51.100.77")


def traces(found: Collected) -> list[bytes]:
    """What of the person is in the payloads for the stream, or in what they are bucketed by."""
    text = b"\n".join(event.payload + event.session.encode() for event in found.events)
    return [trace for trace in TRACES if trace in text]


@pytest.mark.parametrize(
    ("gpc", "dnt", "consent"),
    list(product([None, "0", "1"], [None, "0", "1"], [None, True, False, "denied", "granted"])),
)
def test_any_one_refusal_takes_the_person_out(gpc: str | None, dnt: str | None, consent: Any) -> None:
    """Both headers and the event itself are heard; no yes outweighs a no."""
    named = [("sec_gpc", gpc), ("dnt", dnt), ("user_agent", "Mozilla/5.0 X")]
    headers = {name: value for name, value in named if value is not None}
    found = sent(EVENT | ({} if consent is None else {"consent": consent}), **headers)
    is_refused = gpc == "1" or dnt == "1" or consent in (False, "denied")
    row = only(found)
    assert traces(found) == ([] if is_refused else list(TRACES)[:3])
    assert row["consent"] == (False if is_refused else True if consent in (True, "granted") else None)
    assert (row["event_type"], row["event_id"], row["utm_source"]) == ("page_view", "e1", "news")
    assert properties(row)["plan"] == "pro"


@pytest.mark.parametrize("field", ["gpc", "dnt"])
def test_the_event_may_carry_the_signal_itself(field: str) -> None:
    """Senders that pass a browser's signal on are believed."""
    assert traces(sent(EVENT | {field: "1"})) == []


@pytest.mark.parametrize(
    "refusal",
    [{"consent": False}, {"context": SEGMENT["context"] | {"consent": {"categoryPreferences": {"a": False}}}}],
)
def test_a_refusal_in_segments_format_is_heard(refusal: dict[str, Any]) -> None:
    """As a plain answer, or where no category is allowed; the traits go, the rest stays."""
    found = sent(SEGMENT | refusal, "/v1/identify")
    assert traces(found) == []
    row = only(found)
    assert (row["event_type"], row["consent"], row["user_id"]) == ("identify", False, None)
    assert properties(row)["context"]["locale"] == "de"


def test_an_allowed_category_is_no_refusal() -> None:
    """Which category counts for what is the site's to say."""
    consent = {"consent": {"categoryPreferences": {"advertising": False, "analytics": True}}}
    assert only(sent(SEGMENT | {"context": consent}, "/v1/identify"))["user_id"] == WHO


@pytest.mark.parametrize("kind", BATCHES)
def test_no_format_lets_a_name_through(kind: str) -> None:
    """Every format, with the browser's signal: the name is nowhere but in words about the page."""
    events, carrier = BATCHES[kind]
    plain = carrier(events)
    found = collect(request(plain.body, f"{plain.path}?upload_timestamp=1", sec_gpc="1"), Limits())
    rows = landed(found)
    assert len(rows.good) == len(events)
    for row in rows.good:
        ids = (row["session_id"], row["user_id"], row["anonymous_id"], row["ip_address"])
        assert (ids, row["consent"]) == ((None,) * 4, False)
        assert CANARY not in (row["page_url"] or "")
        assert f"{CANARY}@" not in (row["properties"] or "")


@pytest.mark.parametrize("name", ["br_segment_batch", "br_aws_batch", "br_snowplow_post"])
def test_a_refused_event_keeps_its_id_and_can_be_sent_again(name: str) -> None:
    """Two copies are equal, and bucketed by nothing but their own id."""
    for found in captured(name):
        refusing = request(found.body, found.path, **{**found.headers, "sec-gpc": "1"})
        first, second = (collect(refusing, Limits()).events for _ in range(2))
        assert first == second
        assert all(event.session == json.loads(event.payload)["event_id"] for event in first)


def test_refused_visitors_without_ids_and_times_stay_two() -> None:
    """Nothing but the arrival tells them apart; a copy may count twice then, a visitor is not lost."""
    event = {"event_type": "page_view", "page_url": "/", "user_id": WHO}
    one = sent(event, dnt="1")
    assert json.loads(one.events[0].payload)["event_id"] != json.loads(sent(event).events[0].payload)["event_id"]
    assert traces(one) == []


def test_a_bad_event_of_a_visitor_who_refused_is_kept_without_the_person() -> None:
    """What can be read loses names and addresses; what cannot is not kept."""
    nameless = {"type": "track", "userId": WHO, "traits": {"email": MAIL}, "properties": {"plan": "pro"}}
    found = sent({"batch": [nameless, WHO]}, "/v1/batch", sec_gpc="1")
    assert traces(found) == []
    first, second = landed(found).bad
    assert json.loads(first["payload"]) == {"type": "track", "properties": {"plan": "pro"}}
    assert (first["reason"], second["reason"]) == ("not_of_format", "not_an_object")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "userId",
            "user_id",
            "$user_id",
            "anonymousId",
            "UserName",
            "email",
            "e-mail",
            "contact_email",
            "emailSha256",
        ),
        *(
            "phone",
            "Phone Number",
            "firstName",
            "last_name",
            "birthday",
            "dateOfBirthday",
            "city",
            "postal_code",
            "gclid",
        ),
        *(
            "ip",
            "ipAddress",
            "traits",
            "user_traits",
            "duid",
            "_session_id",
            "deviceId",
            "advertisingId",
            "GAID",
            "age",
        ),
    ],
)
def test_names_that_tell_who_somebody_is(name: str) -> None:
    """However they are written."""
    assert is_identifying(name)


@pytest.mark.parametrize(
    "name",
    ["product_id", "page", "price", "category", "plan", "user_agent", "userAgentData", "order", "locale", "campaign"],
)
def test_names_that_tell_what_happened(name: str) -> None:
    """They stay."""
    assert not is_identifying(name)


@pytest.mark.parametrize("signal", [{"consent": False}, {"gpc": True}, {"dnt": "1"}])
@pytest.mark.parametrize("place", ["", "context", "properties"])
@pytest.mark.parametrize("call", ["track", "no such call"])
def test_a_refusal_is_heard_wherever_it_stands(signal: dict[str, Any], place: str, call: str) -> None:
    """Beside the event, in its context or its properties; of a bad event too."""
    event = {"type": call, "event": "Tap", "userId": WHO, "messageId": "m", "traits": {"email": MAIL}}
    found = sent({"batch": [event | ({place: signal} if place else signal)]}, "/v1/batch")
    assert len(found.events) == 1
    assert traces(found) == []
    assert [row["consent"] for row in landed(found).good] == [False] * (call == "track")
