"""E-mail addresses and card numbers in kept text."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clickstream.enrichment import redaction
from clickstream.enrichment.redaction import is_suspect, redacted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("", ""),
        ("Warm tents", "Warm tents"),
        ("joe@example.org", "(email)"),
        ("Mail joe.doe+x@mail.example.org, please", "Mail (email), please"),
        ("/u/joe%40example.org/edit", "/u/(email)/edit"),
        ("/u/joe%2540example.org", "/u/(email)"),
        ("a@b.org@c.org", "(email)"),
        ("jörg@müller.example", "(email)"),
        ("/@joe/notes", "/@joe/notes"),
        ("/npm/jquery@3.6.0/x", "/npm/jquery@3.6.0/x"),
        ("me @ home.de", "me @ home.de"),
        ("4111111111111111", "(card)"),
        ("pay 4111 1111 1111 1111 now", "pay (card) now"),
        ("/card/4111-1111-1111-1111", "/card/(card)"),
        ("4111%201111%201111%201111", "(card)"),
        ("5500+0000+0000+0004", "(card)"),
        ("378282246310005", "(card)"),
        ("/pay%204111111111111111", "/pay%20(card)"),
        ("/pay%25204111111111111111", "/pay%2520(card)"),
        ("3782 822463 10005", "(card)"),
        ("2 4111 1111 1111 1111 123", "2 (card) 123"),
        ("2026 4111 1111 1111 1111", "2026 (card)"),
        ("12 4111111111111111, 5500000000000004", "12 (card), (card)"),
        ("4111111111111112", "4111111111111112"),
        ("1795345341556", "1795345341556"),
        ("9780306406157", "9780306406157"),
        ("41111111111111111111111", "41111111111111111111111"),
    ],
)
def test_personal_data_is_redacted(text: str | None, expected: str | None) -> None:
    """Addresses in any spelling of the at sign go, and numbers that are cards; times, articles and handles stay."""
    assert redacted(text) == expected


PIECES = [
    "joe",
    "@",
    "%40",
    "%2540",
    "example.org",
    ".",
    "de",
    "4111111111111111",
    "1111 ",
    "-",
    "/",
    " ",
    "(",
    ")",
    "%20",
]


@settings(max_examples=500, deadline=None, database=None)
@example("@4111111111111111x@y.de")
@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
def test_redaction_is_a_fixed_point(text: str) -> None:
    """What was redacted has nothing left to redact."""
    assert redacted(redacted(text)) == redacted(text)


@settings(max_examples=500, deadline=None, database=None)
@given(st.lists(st.sampled_from([*PIECES, "378282246310005", "3782-822463-10005", "2 ", "%", "+"]), max_size=6))
def test_the_quick_look_misses_nothing(pieces: list[str]) -> None:
    """A text that changes is suspect, also among others."""
    text = "".join(pieces)
    if redacted(text) != text:
        assert is_suspect(text)
        assert is_suspect(f"x\n{text}\ny")


def test_the_quick_look_passes_over_usual_properties() -> None:
    """Times in milliseconds and whole prices are no cards."""
    assert not is_suspect('{"at":1795946426000,"price":"12.50","phone":"+49 30 1234567"}')


@settings(max_examples=200, deadline=None, database=None)
@given(
    st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8})?@[a-z]{1,8}\.(org|de|museum)", fullmatch=True), st.sampled_from("/ ,;=&")
)
def test_no_address_gets_through(address: str, around: str) -> None:
    """An address between any separators leaves nothing of itself."""
    assert redacted(f"x{around}{address}{around}y") == f"x{around}(email){around}y"


def test_hostile_texts_take_linear_time() -> None:
    """Texts made of nothing but suspects are read to their end, and are not remembered."""
    before = redaction._redacted.cache_info().currsize
    for text in ("@" * 20_000, "a%40" * 5_000, "1 " * 10_000, "a@" * 10_000 + ".", "4" * 20_000):
        assert redacted(text)
    assert redaction._redacted.cache_info().currsize == before


@pytest.mark.parametrize("group", ["1234 ", "4111 ", "4000 0012 3456 7899 "])
def test_a_text_of_nothing_but_numbers_is_not_judged_number_by_number(group: str) -> None:
    """Thousands of numbers in one text cost no more than some dozens: what could be a card goes without a check."""
    text = group * (8_000 // len(group))
    judged = redacted(text)
    assert judged is not None
    assert redacted(judged) == judged
    assert judged.count(redaction.CARD) > 60
    assert "4111111111111111" not in str(redacted(text + "4111111111111111"))
