"""The browser tracker in Chromium: what it leaves alone without consent."""

import pytest

from tests.end_to_end.chromium import Page
from tests.end_to_end.recorded_site import Site
from tests.end_to_end.tracked_pages import CLICK, STORED, needs_browser, needs_tracker, open_page, types

pytestmark = needs_tracker


@needs_browser
def test_without_consent_nobody_is_known(browser: Page, site: Site) -> None:
    """Nothing is stored, no id is sent even if the page gives one, and events still count."""
    open_page(browser, f"{site.url}/asks.html")
    browser.value("clickstream.consent(false)")
    browser.value("clickstream.identify('u-1')")
    browser.value("clickstream.track('search', {search_term: 'shirt', user_id: 'u-1', session_id: 's'})")
    browser.value(CLICK.format("#buy"))
    sent = site.wait_for(3)
    assert types(sent) == ["page_view", "search", "click"]
    assert not [event for event in sent if event.keys() & {"user_id", "session_id", "anonymous_id"}]
    assert [event["consent"] for event in sent] == [False] * 3
    assert browser.value("Object.keys(localStorage)") == []
    assert browser.value("Object.keys(sessionStorage)") == []
    assert browser.value("document.cookie") == ""


@needs_browser
def test_consent_is_remembered_until_it_is_taken_back(browser: Page, site: Site) -> None:
    """Granted once, the next page knows the visitor; taken back, everything is gone from the device and stays away."""
    open_page(browser, f"{site.url}/asks.html")
    site.wait_for(1)
    browser.value("clickstream.consent(true)")
    browser.value("clickstream.track('agreed')")
    site.wait_for(2)
    open_page(browser, f"{site.url}/asks.html?again")
    view, agreed, again = site.wait_for(3)
    assert "anonymous_id" not in view
    assert again["anonymous_id"] == agreed["anonymous_id"]
    browser.value("clickstream.consent(false)")
    assert browser.value(STORED) == []
    browser.value("clickstream.track('after')")
    open_page(browser, f"{site.url}/asks.html?third")
    *_, after, third = site.wait_for(5)
    assert not (after.keys() | third.keys()) & {"session_id", "anonymous_id"}
    assert browser.value(STORED) == []


@needs_browser
@pytest.mark.parametrize(
    ("signal", "value", "field"), [("globalPrivacyControl", "true", "gpc"), ("doNotTrack", '"1"', "dnt")]
)
def test_a_browser_that_refuses_is_heard(browser: Page, site: Site, signal: str, value: str, field: str) -> None:
    """Whatever the page says of consent, no id is made; what was stored by an earlier visit is removed."""
    open_page(browser, f"{site.url}/first.html")
    site.wait_for(1)
    define = f"Object.defineProperty(Navigator.prototype, '{signal}', {{get: () => {value}}})"
    browser.call("Page.addScriptToEvaluateOnNewDocument", source=define)
    open_page(browser, f"{site.url}/second.html")
    browser.value("clickstream.consent(true)")
    browser.value("clickstream.track('after')")
    _, view, after = site.wait_for(3)
    assert (view[field], view["consent"], after["consent"]) == (True, False, False)
    assert not (view.keys() | after.keys()) & {"session_id", "anonymous_id", "user_id"}
    assert browser.value(STORED) == []
