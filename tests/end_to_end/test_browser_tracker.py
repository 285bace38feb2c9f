"""The browser tracker in Chromium: what it sends, and what it sends again."""

import gzip
import re
from collections import Counter

import pytest

from clickstream.collecting.collecting import collect
from clickstream.collecting.requests import Limits, Request
from clickstream.intake.events import parse
from tests.end_to_end.chromium import Page
from tests.end_to_end.recorded_site import Site, recorded_site
from tests.end_to_end.tracked_pages import CLICK, STORED, needs_browser, needs_tracker, open_page, types
from tests.unit.live_tables_filled import NOW

MAX_BYTES = 2048
ID = re.compile(r"[0-9a-f]{32}")

pytestmark = needs_tracker


def be_offline(browser: Page, *, is_offline: bool) -> None:
    """Cut the browser off, or bring it back."""
    browser.call(
        "Network.emulateNetworkConditions",
        offline=is_offline,
        latency=0,
        downloadThroughput=-1,
        uploadThroughput=-1,
    )


def test_it_is_small(tracker_script: str) -> None:
    """At most 2 KB travel, compressed."""
    assert len(gzip.compress(tracker_script.encode(), 9)) <= MAX_BYTES


@needs_browser
def test_views_clicks_and_own_events_with_consent(browser: Page, site: Site) -> None:
    """Each is one event of one visitor and session with page, title and referrer, and none asks before it is sent."""
    open_page(browser, f"{site.url}/first.html?utm_source=news")
    browser.value("clickstream.identify('u-1')")
    browser.value("clickstream.track('add_to_cart', {product_id: 'p-7', quantity: 2, properties: {colour: 'red'}})")
    browser.value(CLICK.format("#buy"))
    browser.value(CLICK.format("p"))
    site.wait_for(3)
    browser.value(CLICK.format("a b"))
    sent = site.wait_for(2, "page_view")
    assert types(sent) == ["page_view", "add_to_cart", "click", "click", "page_view"]
    view, added, bought, linked, second = sent
    assert (view["page_url"], view["page_title"]) == (f"{site.url}/first.html?utm_source=news", "First")
    assert (added["product_id"], added["quantity"], added["user_id"]) == ("p-7", 2, "u-1")
    assert added["properties"] == {"colour": "red"}
    assert bought["properties"] == {"element": "buy"}
    assert linked["properties"] == {"element": "to second", "href": f"{site.url}/second.html"}
    assert (second["page_title"], second["referrer"]) == ("Second", view["page_url"])
    assert all(ID.fullmatch(event["event_id"]) for event in sent)
    assert len({event["event_id"] for event in sent}) == 5
    assert len({(event["session_id"], event["anonymous_id"], event["app_id"], event["consent"]) for event in sent}) == 1
    assert {method for method, _, _ in site.requests} == {"POST"}
    assert {headers["content-type"] for _, headers, _ in site.requests} == {"text/plain;charset=UTF-8"}


@needs_browser
def test_pages_within_a_page(browser: Page, site: Site) -> None:
    """Moving by the history is a view with its own title and referrer, back and forth; a jump within a page is none."""
    open_page(browser, f"{site.url}/first.html")
    browser.value("history.pushState({}, '', '/cart'); document.title = 'Cart'")
    site.wait_for(2)
    browser.value("location.hash = 'below'")
    browser.value("history.back()")
    browser.value("new Promise(done => setTimeout(done, 100))")
    browser.value("history.back()")
    sent = site.wait_for(3)
    assert types(sent) == ["page_view"] * 3
    assert [event["page_url"].removeprefix(site.url) for event in sent] == ["/first.html", "/cart", "/first.html"]
    assert sent[1]["page_title"] == "Cart"
    assert [event["referrer"].removeprefix(site.url) for event in sent] == ["", "/first.html", "/cart"]


@needs_browser
def test_a_session_ends_after_half_an_hour(browser: Page, site: Site) -> None:
    """A pause of 30 minutes begins a new session of the same visitor, a shorter one does not."""
    open_page(browser, f"{site.url}/first.html")
    for minutes in (29, 30):
        last = "localStorage.getItem('clickstream.session').split(' ')"
        browser.value(f"localStorage.setItem('clickstream.session', {last}[0] + ' ' + (Date.now() - {minutes}*60e3))")
        browser.value(f"clickstream.track('after', {{quantity: {minutes}}})")
    view, within, after = site.wait_for(3)
    assert view["session_id"] == within["session_id"] != after["session_id"]
    assert view["anonymous_id"] == within["anonymous_id"] == after["anonymous_id"]


@needs_browser
@pytest.mark.parametrize("statuses", [[503], [503, 429, 503]])
def test_what_was_refused_is_sent_again_alike(browser: Page, site: Site, statuses: list[int]) -> None:
    """After 503 and 429 the same events come again with the same ids until they are taken, and then no more."""
    site.answers[:] = statuses
    open_page(browser, f"{site.url}/first.html")
    site.wait_for_requests(len(statuses) + 1)
    events = {event["event_id"]: event["timestamp"] for event in site.sent()}
    assert types(site.sent()) == ["page_view"] * (len(statuses) + 1)
    assert len(events) == 1
    browser.value("clickstream.track('next')")
    site.wait_for(1, "next")
    assert Counter(types(site.sent())) == {"page_view": len(statuses) + 1, "next": 1}
    assert not [key for key in browser.value(STORED) if ".event." in key]


@needs_browser
def test_what_can_never_be_taken_is_not_sent_again(browser: Page, site: Site) -> None:
    """A 400 does not block what comes after it."""
    site.answers[:] = [400]
    open_page(browser, f"{site.url}/first.html")
    site.wait_for_requests(1)
    browser.value("clickstream.track('next')")
    assert types(site.wait_for(2)) == ["page_view", "next"]


@needs_browser
def test_offline_then_online(browser: Page, site: Site) -> None:
    """Events made without a network arrive once it is back, each once, with the time at which they happened."""
    open_page(browser, f"{site.url}/first.html")
    site.wait_for(1)
    be_offline(browser, is_offline=True)
    for number in range(3):
        browser.value(f"clickstream.track('away', {{quantity: {number}}})")
    browser.value("new Promise(done => setTimeout(done, 800))")
    assert len(site.requests) == 1
    be_offline(browser, is_offline=False)
    sent = site.wait_for(3, "away")
    assert Counter(event["quantity"] for event in sent[1:]) == {0: 1, 1: 1, 2: 1}
    assert all(event["timestamp"] < event["sent_at"] for event in sent)


@needs_browser
def test_offline_until_the_next_visit(browser: Page, site: Site) -> None:
    """What was never taken is sent from the next page of the site, with the same ids and the old session."""
    open_page(browser, f"{site.url}/first.html")
    site.wait_for(1)
    site.answers[:] = [503] * 100
    browser.value("clickstream.track('away')")
    site.wait_for(1, "away")
    open_page(browser, f"{site.url}/none.html")
    site.answers.clear()
    count = len(site.requests)
    open_page(browser, f"{site.url}/second.html")
    site.wait_for_requests(count + 1)
    site.wait_for(2, "page_view")
    away = [event for event in site.sent() if event["event_type"] == "away"]
    assert len(away) >= 2
    assert len({(event["event_id"], event["session_id"], event["timestamp"]) for event in away}) == 1
    assert not [key for key in browser.value(STORED) if ".event." in key]


@needs_browser
def test_a_closed_tab_sends_what_waits(browser: Page, site: Site) -> None:
    """Events of the last moment are handed to the browser, which sends them without the page."""
    open_page(browser, f"{site.url}/first.html")
    site.wait_for(1)
    browser.value("clickstream.track('goodbye')")
    browser.call("Page.close")
    assert types(site.wait_for(2)) == ["page_view", "goodbye"]


@needs_browser
def test_the_collector_takes_all_of_it(browser: Page, site: Site) -> None:
    """A recorded request gives events that the stream accepts, with what the browser said."""
    open_page(browser, f"{site.url}/first.html")
    browser.value("clickstream.track('purchase', {order_id: 'o-1', revenue: 9.9, currency: 'EUR'})")
    site.wait_for(2)
    _, headers, body = site.requests[0]
    collected = collect(Request("POST", "/v1/events", (), headers, body, "192.0.2.7", NOW), Limits())
    events = [parse(event.payload) for event in collected.events]
    assert [(event.event_type, event.consent, event.revenue) for event in events] == [
        ("page_view", True, None),
        ("purchase", True, 9.9),
    ]
    assert not [event for event in collected.events if event.is_bad]
    assert all("Chrome" in (event.user_agent or "") for event in events)


@needs_browser
def test_a_forgotten_address_is_told(browser: Page, tracker_script: str) -> None:
    """Without data-url the console says what is missing, and the page works."""
    files = {"/clickstream.min.js": tracker_script, "/x.html": '<script src="/clickstream.min.js"></script><p>here</p>'}
    with recorded_site(files) as site:
        open_page(browser, f"{site.url}/x.html")
        said = [call["args"][0]["value"] for call in browser.told("Runtime.consoleAPICalled")]
        assert "data-url" in said[0]
        assert browser.told("Runtime.exceptionThrown") == []
