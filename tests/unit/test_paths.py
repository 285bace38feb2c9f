"""Path templates."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clickstream.enrichment import paths
from clickstream.enrichment.paths import MAX_TEMPLATE, path_template

UUID = "123e4567-e89b-12d3-a456-426614174000"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "/"),
        ("/", "/"),
        ("shop", "/shop"),
        ("/Shop//Sale/", "/Shop/Sale"),
        ("/order/4711/items", "/order/{id}/items"),
        ("/geo/48.137,-11.575", "/geo/{id}"),
        (f"/u/{UUID}", "/u/{id}"),
        (f"/u/{UUID.upper()}.html", "/u/{id}.html"),
        ("/commit/9f86d081884c7d65", "/commit/{id}"),
        ("/watch/dQw4w9WgXcQ", "/watch/{id}"),
        ("/e/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/e/{id}"),
        ("/p/p123", "/p/{id}"),
        ("/p/sku-1001-tent", "/p/{id}"),
        ("/p/blue-shirt-12345.html", "/p/{id}.html"),
        ("/order/ORD-2026-000123", "/order/{id}"),
        ("/2026/11/22/title", "/{date}/title"),
        ("/2026/11", "/{date}"),
        ("/blog/2026-11-22/title", "/blog/{date}/title"),
        ("/log/20261122.txt", "/log/{id}.txt"),
        ("/u/(email)/edit", "/u/(email)/edit"),
        ("/a;jsessionid=1F2/b?x=1#y", "/a/b"),
        ("/iphone-15-pro/summer-2026", "/iphone-15-pro/summer-2026"),
        ("/en-us/v2/mp3-player/windows11", "/en-us/v2/mp3-player/windows11"),
        ("/JavaScriptFrameworks/error-404", "/JavaScriptFrameworks/error-404"),
        ("/jquery-3.6.0.min.js", "/jquery-3.6.0.min.js"),
        ("/%E4%BD%A0%E5%A5%BD/%31%32", "/%E4%BD%A0%E5%A5%BD/{id}"),
        ("/" + "very-" * 20 + "long", "/{text}"),
        ("/abcdefgh" * 40, "/abcdefgh" * 27 + "/{more}"),
    ],
)
def test_templates(path: str, expected: str) -> None:
    """Ids, dates and long texts are folded; words, small numbers in words, years and versions stay as they are."""
    assert path_template(path) == expected


WORDS = st.from_regex(r"[A-Za-z]{1,12}(-[A-Za-z]{1,12}){0,3}", fullmatch=True)
PIECES = [
    "/",
    "a",
    "12",
    "2026",
    "-",
    ".",
    "html",
    UUID,
    "{id}",
    "{text}",
    "%41",
    "%2F",
    ";",
    "x" * 50,
    "é",
    "?",
    "9f86d081",
]


@given(st.lists(WORDS, min_size=1, max_size=4))
def test_plain_words_stay(words: list[str]) -> None:
    """Words of letters, also with hyphens between them, are never taken for ids."""
    path = "/" + "/".join(words)
    assert path_template(path) == path


@settings(max_examples=500, deadline=None, database=None)
@example("/abcdefgh" * 40)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=30))
def test_a_template_is_its_own_template(path: str) -> None:
    """Templates are a fixed point, bounded in length, and always a path."""
    template = path_template(path)
    assert path_template(template) == template
    assert template.startswith("/")
    assert len(template) <= MAX_TEMPLATE


def test_long_paths_are_not_remembered() -> None:
    """A path of full length is read, and costs no memory afterwards."""
    before = paths._template.cache_info().currsize
    assert path_template("/" + "x" * 8000) == "/{text}"
    assert paths._template.cache_info().currsize == before
