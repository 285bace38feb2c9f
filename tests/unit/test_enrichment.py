"""Agents, pages, channels and networks."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clickstream import enrichment
from clickstream.enrichment import QUERY_ALLOW_LIST, Agent, Page, agent, channel, network, page

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/17.0 Mobile/15E148 Safari/604.1"
)
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
CHROME = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/120.0.0.0 Safari/537.36"
PIXEL = f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/120.0.0.0 Mobile Safari/537.36"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, Agent("unknown", None, None, None)),
        ("", Agent("bot", None, None, "no_agent")),
        (" \t", Agent("bot", None, None, "no_agent")),
        ("x", Agent("unknown", None, None, None)),
        (CHROME, Agent("desktop", "Chrome", "Windows", None)),
        (IPHONE, Agent("mobile", "Mobile Safari", "iOS", None)),
        (PIXEL, Agent("mobile", "Chrome Mobile", "Android", None)),
        (PIXEL.replace(" Mobile", ""), Agent("tablet", "Chrome", "Android", None)),
        (IPHONE.replace("iPhone;", "iPad;"), Agent("tablet", "Mobile Safari", "iOS", None)),
        (CHROME.replace("Chrome", "HeadlessChrome"), Agent("bot", "HeadlessChrome", "Windows", "headless")),
        ("okhttp/4.9", Agent("bot", "okhttp", None, "library")),
        (GOOGLEBOT, Agent("bot", "Googlebot", None, "crawler")),
    ],
)
def test_agents(text: str | None, expected: Agent) -> None:
    """Not recorded says nothing, recorded as empty says machine; people have no reason, bots have one."""
    assert agent(text) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, Page()),
        ("", Page()),
        ("https://www.Shop.Example", Page("https://www.Shop.Example", "/", "shop.example")),
        ("https://a.example/x?email=joe@b.org&page=2#top", Page("https://a.example/x?page=2", "/x", "a.example")),
        ("https://joe:secret@a.example:8080/", Page("https://a.example:8080/", "/", "a.example")),
        (
            "/x?utm_source=s&utm_medium=m&utm_campaign=c&gclid=1",
            Page("/x?utm_source=s&utm_medium=m&utm_campaign=c", "/x", None, "s", "m", "c"),
        ),
        ("/x?utm_source=first&utm_source=second", Page("/x?utm_source=first&utm_source=second", "/x", None, "first")),
        ("////joe:secret@a.example/x", Page("//a.example/x", "//a.example/x")),
        ("http://[broken#token=1?x", Page("http://[broken")),
        ("http://joe:secret@[broken/x?token=1", Page("http://[broken/x")),
        ("//x@[broken?@", Page("//[broken")),
    ],
)
def test_pages(url: str | None, expected: Page) -> None:
    """Query parameters off the allow-list, fragments and credentials are gone, also where nothing can be split."""
    assert page(url) == expected


PIECES = [
    "http:",
    "//",
    "/",
    "@",
    ":",
    "[",
    "]",
    "?",
    "#",
    "&",
    "=",
    "%40",
    "joe",
    "page=1",
    "utm_source",
    "é",
    ".",
    ";",
]
URLS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@settings(max_examples=300, deadline=None, database=None)
@example("////@")
@example("////a@//@b")
@given(URLS)
def test_a_reduced_address_has_nothing_to_reduce(url: str) -> None:
    """The kept address has neither credentials nor fragment, nor a parameter off the allow-list."""
    kept = page(url).url or ""
    try:
        parts = urlsplit(kept)
    except ValueError:
        assert not set("?#") & set(kept)
        return
    assert {name for name, _ in parse_qsl(parts.query)} <= QUERY_ALLOW_LIST
    assert not parts.fragment
    assert "@" not in parts.netloc


def test_long_texts_are_not_remembered() -> None:
    """Distinct texts of full length leave nothing in the memory of a warm container, and are read all the same."""
    before = enrichment._page.cache_info().currsize + enrichment._agent.cache_info().currsize
    for n in range(50):
        assert page(f"/{n}{'x' * 8000}?a=1").path == f"/{n}{'x' * 8000}"
        assert agent(f"curl/{n}{'x' * 8000}").bot_reason == "crawler"
    assert enrichment._page.cache_info().currsize + enrichment._agent.cache_info().currsize == before


@pytest.mark.parametrize(
    ("page_host", "referrer_host", "source", "medium", "expected"),
    [
        ("a.example", None, None, None, "direct"),
        ("a.example", "a.example", None, None, "internal"),
        ("a.example", "google.com", None, None, "search"),
        ("a.example", "notgoogle.org", None, None, "referral"),
        ("a.example", "duckduckgo.com", None, None, "search"),
        ("a.example", "m.facebook.com", None, None, "social"),
        ("a.example", "t.co", None, None, "social"),
        ("a.example", "xt.co", None, None, "referral"),
        ("a.example", "b.example", None, None, "referral"),
        ("a.example", "google.com", "google", "cpc", "paid"),
        ("a.example", "google.com", None, "Email", "email"),
        ("a.example", None, None, "newsletter", "email"),
        ("a.example", None, "x", "social-paid", "social"),
        ("a.example", "google.com", "partner", None, "campaign"),
        (None, None, None, "banner", "campaign"),
    ],
)
def test_channels(
    page_host: str | None, referrer_host: str | None, source: str | None, medium: str | None, expected: str
) -> None:
    """Campaign parameters come before the referring host, paid before everything."""
    assert channel(page_host, referrer_host, source, medium) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.77", "203.0.113.0"),
        (" 203.0.113.77 ", "203.0.113.0"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("fe80::1%eth0", "fe80::"),
        ("203.0.113.77:443", None),
        ("203.0.113.77, 10.0.0.1", None),
        ("joes-laptop.example", None),
        ("203.0.113.077", None),
        ("", None),
        (None, None),
    ],
)
def test_networks(address: str | None, expected: str | None) -> None:
    """Addresses lose their host part; what is no single address is not kept, since a name tells a person."""
    assert network(address) == expected


@settings(max_examples=300, deadline=None, database=None)
@given(st.ip_addresses())
def test_no_address_survives_whole(address: object) -> None:
    """Of any address at most 24 or 48 bits are left."""
    kept = network(str(address))
    assert kept is not None
    assert kept.endswith((".0", "::"))
