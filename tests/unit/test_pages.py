"""Page addresses: what is kept, in which form."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clickstream.enrichment import pages
from clickstream.enrichment.pages import QUERY_ALLOW_LIST, Page, page


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, Page()),
        ("", Page()),
        ("https://www.Shop.Example", Page("https://www.shop.example", "/", "shop.example")),
        ("https://a.example/x?email=joe@b.org&page=2#top", Page("https://a.example/x?page=2", "/x", "a.example")),
        ("https://joe:secret@a.example:8080/", Page("https://a.example:8080/", "/", "a.example")),
        (
            "/x?utm_source=s&utm_medium=m&utm_campaign=c&gclid=1",
            Page("/x?utm_source=s&utm_medium=m&utm_campaign=c", "/x", None, "s", "m", "c", "gclid", True),
        ),
        (
            "/x?utm_source=first&utm_source=second",
            Page("/x?utm_source=first&utm_source=second", "/x", None, "first", is_tagged=True),
        ),
        ("/x?fbclid=1", Page("/x", "/x")),
        ("/x?utm_id=7", Page("/x", "/x", is_tagged=True)),
        ("http://[broken#token=1?x", Page("http://[broken", "/")),
        ("http://joe:secret@[broken/x?token=1", Page("http://[broken/x", "/x")),
        ("//x@[broken?@", Page("//[broken", "/")),
        ("mailto:joe@a.example", Page("mailto:(email)", "(email)")),
        ("/u/joe@a.example?utm_term=joe@a.example", Page("/u/(email)?utm_term=(email)", "/u/(email)", is_tagged=True)),
        ("/pay/4111111111111111", Page("/pay/(card)", "/pay/(card)")),
    ],
)
def test_pages(url: str | None, expected: Page) -> None:
    """Query parameters off the allow-list, fragments, credentials and personal data are gone."""
    assert page(url) == expected


@pytest.mark.parametrize(
    ("spellings", "expected"),
    [
        (["HTTPS://A.Example:443/x", "https:\\\\a.example\\x", "https:////a.example/x", " https://a.exa\nmple/x "],
         "https://a.example/x"),
        (["https://münchen.example/x", "https://MÜNCHEN.example/x", "https://mu\u0308nchen.example/x"],
         "https://xn--mnchen-3ya.example/x"),
        (["https://straße.example/"], "https://xn--strae-oqa.example/"),
        (["http://a.example:80", "http://a.example:"], "http://a.example"),
        (["/caf\u00e9", "/cafe\u0301", "/caf%c3%a9", "/c%61f%C3%a9"], "/caf%C3%A9"),
        (["/a b%2f~%", "/a%20b%2F%7e%25"], "/a%20b%2F~%25"),
        (["////joe:secret@a.example/x", "//a.example/x", "//joe@/a.example/x"], "//a.example/x"),
        (["http://[2001:DB8::1]:8080/"], "http://[2001:db8::1]:8080/"),
        (["//a.example//x", "//a.example:80//x:"], None),
    ],
)  # fmt: skip
def test_spellings_of_an_address(spellings: list[str], expected: str | None) -> None:
    """Spellings that mean the same have one form; those that may not, keep theirs."""
    forms = {page(spelling).url for spelling in spellings}
    assert forms == {expected} if expected else len(forms) == len(spellings)


PIECES = [
    "http:", "HTTPS:", "file:", "%68ttp:", "//", "/", "\\", "@", ":", ":80", ":443", "[", "]", "[::1]", "?", "#", "&",
    "=", "%40", "%", "%4", "%31", "%c3%a9", "joe", "x@y.de", "page=1", "utm_source", "gclid=1", "é", "e\u0301", "İ",
    "ß", "℀", "。", ".", "..", ";", "\t", " ", "\x00", "4111111111111111", "(",
]  # fmt: skip
URLS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=30)


@settings(max_examples=500, deadline=None, database=None)
@example("////@")
@example("////a@//@b")
@example("//℀")
@example("//://")
@example("//http:℀")
@example("%68ttp:////b")
@example("//\x00:")
@example("http: 4111111111111111%31")
@given(URLS)
def test_the_canonical_form_is_a_fixed_point(url: str) -> None:
    """A kept address is read as the same page again."""
    once = page(url)
    again = page(once.url)
    assert again.url == once.url
    if once.url:
        assert again[1:6] == once[1:6]


@settings(max_examples=300, deadline=None, database=None)
@example("////@")
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
    """Distinct addresses of full length leave nothing in the memory of a warm container, and are read all the same."""
    before = pages._page.cache_info().currsize
    for n in range(50):
        assert page(f"/{n}{'x' * 8000}?a=1").path == f"/{n}{'x' * 8000}"
    assert pages._page.cache_info().currsize == before
