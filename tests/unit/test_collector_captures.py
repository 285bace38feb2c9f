"""Requests of unmodified trackers, replayed through collector, record and parser: every event once, as it was meant."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from clickstream.collecting.collecting import collect
from clickstream.collecting.requests import Limits, Request
from tests.unit.captured import Row, captured, landed

AWS_WEB = ["first_open", "session_start", "page_view", "profile_set", "profile_set", "add_to_cart", "purchase"]
AWS_WEB += ["user_engagement", "page_view", "user_engagement"]
SHOP = {
    "segment_py": ["identify", "page_view", "add_to_cart", "purchase", "alias", "group", "screen_view"],
    "segment_node": ["identify", "page_view", "add_to_cart", "purchase", "alias", "group", "screen_view"],
    "segment_py_gzip": ["view_item"] * 3,
    "rudder_py": ["identify", "add_to_cart", "page_view"],
    "rudder_node": ["identify", "page_view", "add_to_cart"],
    "br_segment": ["identify", "page_view", "add_to_cart", "purchase"],
    "br_segment_batch": ["identify", "page_view", "add_to_cart", "purchase"],
    "snowplow_py": ["page_view", "add_to_cart", "purchase"],
    "snowplow_node": ["page_view", "add", "purchase"],
    "snowplow_py_get": ["page_view"],
    "snowplow_node_get": ["page_view"],
    "br_snowplow_get": ["page_view", "add_to_cart", "purchase", "page_ping"],
    "br_snowplow_post": ["page_view", "add_to_cart", "purchase", "page_ping"],
    "br_aws_batch": AWS_WEB,
    "br_aws_immediate": AWS_WEB,
}
"""What each client sent."""
BROWSERS = ["br_segment", "br_segment_batch", "br_snowplow_get", "br_snowplow_post", "br_aws_batch", "br_aws_immediate"]
OTHERS = {
    "posthog_node", "posthog_py", "xorigin_posthog", "amplitude_node", "amplitude_py", "mixpanel_node", "mixpanel_py",
    "br_plausible", "matomo_node", "umami_node", "umami_py", "ga4mp_py",
}  # fmt: skip
LIBRARIES = ["segment_py", "segment_node", "rudder_py", "rudder_node", "snowplow_py", "snowplow_node"]
RETRIES = [
    f"{client}.{answers}"
    for client, answers in (
        *((name, answer) for name in ("br_aws", "br_segment", "br_snowplow") for answer in ("503,503", "400")),
        *((name, answer) for name in LIBRARIES for answer in ("429", "503,503", "400")),
    )
]
GIVEN_UP = {
    "br_segment.400", "br_snowplow.400", "rudder_node.400", "segment_node.400", "segment_py.400",
    "snowplow_py.400", "snowplow_node.400", "snowplow_node.429", "snowplow_node.503,503",
}  # fmt: skip
"""What the client did not send again."""
OF_DELIVERY = {"received_time", "sent_time", "epoch", "shard_id", "sequence_number", "sub_sequence"}


def rows(requests: list[Request]) -> list[Row]:
    """The accepted events of some requests, in order of their time; there are no others, and no request is refused."""
    collected = [collect(request, Limits()) for request in requests]
    assert {one.answer.status for one in collected} <= {200, 204}
    found = landed(collected, max(request.received_time for request in requests))
    assert found.bad == []
    return sorted(found.good, key=lambda row: row["event_time"])


@pytest.mark.parametrize("name", SHOP)
def test_every_event_lands_once_under_the_name_that_reports_know(name: str) -> None:
    """Page views, products and orders of all clients are the same types, and each id is there once."""
    found = rows(captured(name))
    assert Counter(row["event_type"] for row in found) == Counter(SHOP[name])
    assert len({row["event_id"] for row in found}) == len(found)


@pytest.mark.parametrize("name", BROWSERS)
def test_a_browsers_events_have_page_visitor_and_campaign(name: str) -> None:
    """Page, title, referrer, campaign, agent and network are in their columns; the paid click decides the channel."""
    found = rows(captured(name))
    view = next(row for row in found if row["event_type"] == "page_view")
    assert view["page_path"] == "/page"
    assert view["page_title"] == "P1 - Shop"
    assert (view["referrer_host"], view["channel"]) == ("google.com", "paid_search")
    assert (view["utm_source"], view["utm_medium"], view["utm_campaign"]) == ("newsletter", "email", "c1")
    assert view["user_agent"].startswith("Mozilla/5.0 (Windows NT 10.0")
    assert view["ip_address"] == "198.51.100.0"
    assert len({row["anonymous_id"] for row in found}) == 1
    assert {row["user_id"] for row in found} <= {None, "u-1"}
    assert found[-1]["user_id"] == "u-1"


@pytest.mark.parametrize("name", ["br_snowplow_post", "br_snowplow_get", "br_aws_batch", "br_aws_immediate"])
def test_a_clients_session_stays_one(name: str) -> None:
    """Clients that have sessions tell them, also where their requests overtake each other."""
    assert len({row["session_id"] for row in rows(captured(name))} - {None}) == 1


@pytest.mark.parametrize("name", [name for name in SHOP if name not in ("segment_node", "segment_py_gzip")])
def test_times_are_the_clients(name: str) -> None:
    """A client with a right clock keeps its times, to the millisecond."""
    requests = captured(name)
    for row in rows(requests):
        assert row["time_source"] == "event"
        assert timedelta(0) <= requests[-1].received_time - row["event_time"] < timedelta(minutes=1)


def test_history_keeps_its_time() -> None:
    """What a server sends today about 2024 happened in 2024."""
    [order] = [row for row in rows(captured("segment_node")) if row["event_type"] == "purchase"]
    assert order["event_time"].year == 2024


@pytest.mark.parametrize("name", ["segment_py", "segment_node", "br_segment", "br_segment_batch", "br_aws_immediate"])
def test_an_order_has_number_value_and_currency(name: str) -> None:
    """Also where the client calls them transaction and value."""
    [order] = [row for row in rows(captured(name)) if row["event_type"] == "purchase"]
    assert (order["order_id"], order["revenue"], order["currency"]) == ("o1", Decimal("19.80"), "EUR")


@pytest.mark.parametrize("name", ["segment_py", "br_segment", "rudder_py", "rudder_node", "br_aws_batch"])
def test_what_is_put_into_the_cart_is_known(name: str) -> None:
    """The product has its column."""
    [added] = [row for row in rows(captured(name)) if row["event_type"] == "add_to_cart"]
    assert added["product_id"] == "SKU1"


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_server_is_not_taken_for_the_visitor(name: str) -> None:
    """Its address and its program are nobody's; an event that tells the visitor's own keeps them."""
    told = {(None, None), ("203.0.113.0", "Mozilla/5.0 X"), ("203.0.113.0", "UA")}
    for row in rows(captured(name)):
        assert not row["is_bot"]
        assert (row["ip_address"], row["user_agent"]) in told


@pytest.mark.parametrize("name", ["cloudevents_py", "cloudevents_node"])
def test_both_modes_of_cloudevents_are_one_event(name: str) -> None:
    """Binary and structured give the same row, so one is a resend of the other."""
    first, second = rows(captured(name))
    assert first["event_id"].startswith("https://shop.test/web#")
    assert (first["event_type"], first["page_path"], first["user_id"]) == ("page_view", "/p/1", "u-1")
    assert {name: first[name] for name in ("event_id", "event_time", "event_type", "page_url")} == {
        name: second[name] for name in ("event_id", "event_time", "event_type", "page_url")
    }


@pytest.mark.parametrize("name", ["xorigin_aws", "xorigin_segment", "xorigin_snowplow"])
def test_browsers_on_other_sites_may_send(name: str) -> None:
    """Each preflight is answered with the site's own name and what its client asked for, and so is each request."""
    asked = 0
    for request in captured(name):
        answer = collect(request, Limits()).answer
        assert answer.headers["access-control-allow-origin"] == request.header("origin")
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["vary"] == "Origin"
        wanted = request.header("access-control-request-headers")
        if request.method == "OPTIONS":
            asked += 1
            assert answer.status == 204
            assert wanted in answer.headers["access-control-allow-headers"].split(", ")
    assert asked > 0
    assert rows(captured(name))


@pytest.mark.parametrize("name", RETRIES)
def test_what_is_sent_again_adds_nothing(name: str) -> None:
    """Copies of an event have one id and one content, so that the lake keeps one of them and counts the others."""
    found = rows(captured(f"retry/{name}"))
    contents: dict[str, Row] = {}
    for row in found:
        content = {column: value for column, value in row.items() if column not in OF_DELIVERY}
        assert contents.setdefault(row["event_id"], content) == content
    copies = Counter(row["event_id"] for row in found)
    assert (max(copies.values()) > 1) == (name not in GIVEN_UP)


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_other_clients_are_told_that_nothing_is_collected(name: str) -> None:
    """Their requests are refused in a sentence, and nothing of them is stored."""
    requests = captured(name)
    assert requests
    for request in requests:
        found = collect(request, Limits())
        assert (found.answer.status, list(found.events)) == (404, [])
        assert b"nothing is collected at this address" in found.answer.body
