"""Wire formats, one rule at a time; what real trackers send is in the replayed recordings."""

import base64
import hashlib
import json
from decimal import Decimal
from typing import Any

import pytest

from clickstream.collecting.collecting import collect
from clickstream.collecting.requests import Limits
from tests.unit.captured import Row, landed, only, properties, request, sent

BROWSER = {"user_agent": "Mozilla/5.0 (X11; Linux x86_64)", "origin": "https://shop.example"}
TP2 = "/com.snowplowanalytics.snowplow/tp2"
CONTEXTS = "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0"


def track(name: str = "Tap", **more: Any) -> dict[str, Any]:
    """A track call in Segment's format."""
    return {"type": "track", "event": name, "messageId": "m", "userId": "u"} | more


def snowplow(**values: Any) -> dict[str, Any]:
    """A request body with one event of Snowplow's."""
    return {"data": [{"eid": "e", "tv": "t"} | values]}


def described(name: str, data: Any, *contexts: tuple[str, Any]) -> dict[str, Any]:
    """A self-describing event of Snowplow's, with contexts."""
    inner = {"schema": f"iglu:com.acme/{name}/jsonschema/1-0-0", "data": data}
    listed = [{"schema": f"iglu:com.acme/{name}/jsonschema/1-0-0", "data": data} for name, data in contexts]
    wrapped = json.dumps({"schema": "iglu:x/unstruct_event/jsonschema/1-0-0", "data": inner})
    return snowplow(e="ue", ue_pr=wrapped, co=json.dumps({"schema": CONTEXTS, "data": listed}))


def bad(value: Any, path: str) -> Row:
    """The one event, which is a bad one; the client is told that it need not send it again."""
    found = sent(value, path)
    assert found.answer.status == 200
    rows = landed(found)
    assert (len(rows.good), len(rows.bad)) == (0, 1)
    return rows.bad[0]


@pytest.mark.parametrize("pair", ["t track", "p page", "s screen", "i identify", "g group", "a alias"])
def test_the_address_of_a_call_says_what_it_is(pair: str) -> None:
    """Short or long, and without a `type` in the body."""
    event = {"userId": "u", "event": "Tap", "messageId": "m"}
    types = {only(sent(event, f"/v1/{name}"))["event_type"] for name in pair.split()}
    assert types == {{"track": "Tap", "page": "page_view", "screen": "screen_view"}.get(pair[2:], pair[2:])}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("Product Viewed", "view_item"), ("product_added", "add_to_cart"), ("Order Completed", "purchase")),
        *(("Checkout Started", "begin_checkout"), ("Products Searched", "search"), ("My Own Event", "My Own Event")),
    ],
)
def test_names_of_events_become_the_types_of_reports(name: str, kind: str) -> None:
    """A name that none of them is stays as it was given, and a changed one is kept beside."""
    row = only(sent(track(name), "/v1/t"))
    assert row["event_type"] == kind
    assert properties(row) == ({} if name == kind else {"event": name})


def test_values_that_fit_no_column_stay_in_the_properties() -> None:
    """An order with a quantity in words and no clear product still lands."""
    given = {
        "order_id": {"a": 1},
        "quantity": "two",
        "revenue": "free",
        "currency": "",
        "products": [{}, {}],
        "sku": "x" * 129,
    }
    row = only(sent(track("Order Completed", properties=given), "/v1/t"))
    assert (row["order_id"], row["quantity"], row["revenue"], row["product_id"]) == (None,) * 4
    assert properties(row) == given | {"event": "Order Completed"}


def test_numbers_as_text_and_a_single_product_are_understood() -> None:
    """Clients are free with types; the list of products stays."""
    given = {"orderId": 17, "total": "19.80", "currency": "EUR", "products": [{"product_id": "p", "quantity": "2"}]}
    row = only(sent(track("Order Completed", properties=given), "/v1/t"))
    assert (row["order_id"], row["revenue"], row["product_id"], row["quantity"]) == ("17", Decimal("19.80"), "p", 2)
    assert properties(row)["products"] == given["products"]


def test_a_campaign_beside_the_page_reaches_its_columns() -> None:
    """An app has no address that could carry it; the campaign of an address comes first."""
    campaign = {"source": "news", "medium": "email", "name": "spring sale"}
    for page, expected in (({}, "news"), ({"url": "https://a.example/?utm_source=b#c"}, "b"), ({"path": "/p"}, "news")):
        row = only(sent(track(context={"campaign": campaign, "page": page}), "/v1/t"))
        assert row["utm_source"] == expected
    assert (row["utm_medium"], row["utm_campaign"], row["page_path"]) == ("email", "spring sale", "/p")


def test_nothing_of_a_segment_event_is_dropped() -> None:
    """Unknown members, and properties whose names are taken, are all there."""
    event = track(properties={"context": 1, "a": 2}, context={"os": {"name": "x"}, "page": {"tab": 3}}, odd=[4])
    found = properties(only(sent({"batch": [event], "context": {"app": 5}, "flag": 6}, "/v1/batch")))
    expected = {"context": 1, "a": 2, "odd": [4], "flag": 6, "event.context": {"os": {"name": "x"}, "page": {"tab": 3}}}
    assert found == expected


@pytest.mark.parametrize(
    ("body", "path", "reason"),
    [
        ({"batch": [track(name="")]}, "/v1/batch", "not_of_format"),
        ({"batch": [{"type": "purchase"}]}, "/v1/batch", "not_of_format"),
        ({"batch": {"a": 1}}, "/v1/batch", "not_of_format"),
        ([track()], "/v1/track", "not_of_format"),
        ({"batch": ["text"]}, "/v1/b", "not_an_object"),
        ([{"timestamp": 1}], "/collect", "not_of_format"),
        ({"schema": "x"}, TP2, "not_of_format"),
        (snowplow(e="zz"), TP2, "not_of_format"),
        (snowplow(e="ue"), TP2, "not_of_format"),
        (snowplow(e="ue", ue_px="*"), TP2, "unreadable_field"),
        (snowplow(e="pv", co="{"), TP2, "unreadable_field"),
        (snowplow(e="pv", co=7), TP2, "unreadable_field"),
        ({"id": "1", "source": "s", "specversion": "1.0"}, "/ce", "not_of_format"),
        ({"event_type": "click", "timestamp": "yesterday"}, "/v1/events", "invalid_time"),
        (5, "/v1/events", "not_an_object"),
    ],
)
def test_what_a_format_does_not_allow_is_a_bad_event(body: Any, path: str, reason: str) -> None:
    """With a reason code and a sentence; the client is answered 200, or some would send it for ever."""
    row = bad(body, path)
    assert row["reason"] == reason
    assert len(row["detail"]) > 10


def test_a_bad_event_is_kept_as_it_was_sent() -> None:
    """Byte by byte, spaces included, and its neighbours land."""
    event = b'{ "type": "purchase",  "userId": "u" }'
    body = b'{"batch": [' + event + b', {"type": "page", "userId": "u"}]}'
    rows = landed(collect(request(body, "/v1/batch"), Limits()))
    assert [row["payload"] for row in rows.bad] == [event]
    assert [row["event_type"] for row in rows.good] == ["page_view"]


def test_a_checksum_that_is_wrong_makes_all_events_bad() -> None:
    """The web SDK's request was changed or cut; one without a checksum is taken."""
    body = json.dumps([{"event_type": "_click", "event_id": str(n)} for n in range(2)]).encode()
    for checksum, expected in ((hashlib.sha256(body).hexdigest()[:8], 2), ("00000000", 0), ("", 2)):
        rows = landed(collect(request(body, f"/collect?appId=shop&hashCode={checksum}"), Limits()))
        assert len(rows.good) == expected
        assert [row["reason"] for row in rows.bad] == ["checksum_mismatch"] * (2 - expected)


def test_events_of_the_web_sdk_are_put_in_order() -> None:
    """By their own time; the address says which app."""
    events = [{"event_type": "_scroll", "event_id": str(at), "timestamp": 1795345750000 + at} for at in (3, 1, 2)]
    rows = landed(sent(events, "/collect?appId=shop"))
    assert [(row["event_id"], row["app_id"], row["event_type"]) for row in rows.good] == [
        (str(at), "shop", "scroll") for at in (1, 2, 3)
    ]


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("encode", [base64.urlsafe_b64encode, base64.b64encode])
def test_encoded_objects_are_read_with_and_without_padding(padded: bool, encode: Any) -> None:
    """In both alphabets."""
    inner = {"schema": "iglu:com.acme/rated/jsonschema/1-0-0", "data": {"stars": "???>>>"}}
    text = encode(json.dumps({"schema": "s", "data": inner}).encode()).decode()
    row = only(sent(snowplow(e="ue", ue_px=text if padded else text.rstrip("=")), TP2))
    assert (row["event_type"], properties(row)["stars"]) == ("rated", "???>>>")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (described("link_click", {"targetUrl": "/a"}), {"event_type": "click"}),
        (described("site_search", {"terms": ["red", "shirt"]}), {"event_type": "search", "search_term": "red shirt"}),
        (
            described(
                "snowplow_ecommerce_action",
                {"type": "transaction"},
                ("transaction", {"transaction_id": "o1", "revenue": 9.9, "currency": "EUR"}),
            ),
            {"event_type": "purchase", "order_id": "o1", "revenue": Decimal("9.90"), "currency": "EUR"},
        ),
        (
            described("screen_view", {"name": "Home"}, ("client_session", {"userId": "d", "sessionId": "s"})),
            {"event_type": "screen_view", "session_id": "s", "anonymous_id": "d"},
        ),
        (
            snowplow(e="tr", tr_id="o1", tr_tt="19.8", tr_cu="EUR"),
            {"event_type": "purchase", "order_id": "o1", "revenue": Decimal("19.80"), "currency": "EUR"},
        ),
        (
            snowplow(e="ti", ti_id="o1", ti_sk="SKU1", ti_qu="2"),
            {"event_type": "transaction_item", "order_id": "o1", "product_id": "SKU1", "quantity": 2},
        ),
    ],
)
def test_what_snowplows_events_mean(body: dict[str, Any], expected: dict[str, Any]) -> None:
    """Schemas, structured events and the older transactions."""
    row = only(sent(body, TP2))
    assert {name: row[name] for name in expected} == expected


def test_a_batch_of_cloudevents_and_ids_that_only_their_source_knows() -> None:
    """Equal ids of two sources are two events; a long one is hashed."""
    event = {"id": "1", "type": "com.shop.Order Completed", "specversion": "1.0", "data": {"order_id": "o"}}
    rows = landed(sent([event | {"source": source} for source in ("/a", "/b", "/" + "c" * 200)], "/ce"))
    assert [row["event_type"] for row in rows.good] == ["purchase"] * 3
    ids = {row["event_id"] for row in rows.good}
    assert ids > {"/a#1", "/b#1"}
    assert [len(one) for one in ids - {"/a#1", "/b#1"}] == [32]


def test_our_own_format_comes_as_lines_as_an_array_or_alone() -> None:
    """Whatever the content type says; unknown fields are properties."""
    one = {"event_type": "click", "event_id": "1", "odd": 1}
    other = {"event_type": "search", "event_id": "2"}
    lines = "\r\n".join(map(json.dumps, (one, other))).encode() + b"\n\n"
    for body, count in ((lines, 2), (json.dumps([one, other]).encode(), 2), (json.dumps(one, indent=1).encode(), 1)):
        rows = landed(collect(request(body, content_type="application/x-www-form-urlencoded"), Limits()))
        assert [row["event_id"] for row in rows.good] == ["1", "2"][:count]
        assert properties(rows.good[0]) == {"odd": 1}


def test_an_event_without_id_gets_the_same_one_when_it_is_sent_again() -> None:
    """The time of sending is not part of what it is made of."""
    ids = {only(sent({"event_type": "click", "timestamp": 5, "sent_at": at}))["event_id"] for at in (6, 7)}
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("said", "kept"),
    [(None, "198.51.100.0"), ("192.0.2.1", "198.51.100.0"), ("0.0.0.0", None)],  # noqa: S104
)
def test_a_page_cannot_invent_its_address(said: str | None, kept: str | None) -> None:
    """Only decline to have one kept; and its browser is the one that sent the request."""
    row = only(sent(track(context={"ip": said} if said else {}), "/v1/t", **BROWSER))
    assert (row["ip_address"], row["user_agent"]) == (kept, BROWSER["user_agent"])


def test_a_server_may_pass_on_the_visitors_address() -> None:
    """And nothing else is known of the visitor: least of all the server's own program."""
    told = only(sent(track(context={"ip": "192.0.2.1"}), "/v1/t", user_agent="python-requests/2.34"))
    assert (told["ip_address"], told["user_agent"], told["is_bot"]) == ("192.0.2.0", None, False)
