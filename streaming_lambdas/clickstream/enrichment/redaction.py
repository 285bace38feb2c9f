"""Takes e-mail addresses and payment card numbers out of text that is kept. Pure and idempotent, cached per text.

Where they come from: people type them into search fields, and forms put them into paths, titles and campaign values.
"""

import re
from functools import lru_cache

EMAIL = "(email)"
CARD = "(card)"
_AT = r"(?:@|%(?:25)*40)"
_BREAK = r"(?:[ +-]|%(?:25)*20)"
_SUSPECT = re.compile(rf"{_AT}|\d(?:{_BREAK}?\d){{12}}")
"""What nearly all texts do not hold, and nothing can be redacted without."""
_WORD = re.compile(r"[^\s/?#&=,;:<>()\[\]{}|\"'`]+")
_FIRST_AT = re.compile(_AT)
_DOMAIN = re.compile(r"[^.@%]\.[^\W\d_]{2}")
_START = r"(?<!%)(?<!%[\dA-Fa-f])(?:(?<!\d)|(?<=%[\dA-Fa-f]{2})|(?<=%25[\dA-Fa-f]{2}))"
"""Not within a number, nor within an escape, of which the last digits may look like the number's first."""
_DIGITS = re.compile(
    rf"{_START}(?:\d{{13,19}}|(?:\d{{4}}{_BREAK}){{3}}\d{{1,7}}|\d{{4}}{_BREAK}\d{{6}}{_BREAK}\d{{4,5}})(?!\d)"
)
"""Digits in one run, or in the groups that are printed on cards."""
_FIRST_OF_CARD = frozenset("23456")
"""First digits of the payment networks: Mastercard, American Express and Diners, Visa, Maestro and Discover."""
_LOOKS = 60
"""Numbers of a text that are judged one by one. Further ones go, card or not: a visitor may send thousands."""
_CLASSES = bytes.maketrans(b"0123456789", b"0022222000")
"""Digits that a card may begin with, and the others."""
_CARD_LIKE = re.compile(rb"2(?<![02]2)(?:[02]{12}|[02]{3}[ +-][02]{4})")
_CACHE = 20_000
_LONG = 512
"""Longer texts are worked out each time, so that the remembered ones fit a function's memory."""


def redacted(text: str | None) -> str | None:
    """The text with `(email)` and `(card)` in place of addresses and card numbers.

    A card number has 13 to 19 digits, maybe in groups, starts as one and passes the Luhn test, which nine of ten
    article numbers and times do not.
    """
    if text is None:
        return None
    return _redacted.__wrapped__(text) if len(text) > _LONG else _redacted(text)


def is_suspect(text: str) -> bool:
    """Whether there may be anything to redact: a cheap look at one text, or at many with line breaks between.

    Every text that `redacted` would change is suspect, but for cards in the digits of other scripts.
    """
    classes = text.encode(errors="surrogatepass").translate(_CLASSES)
    return b"@" in classes or b"%" in classes or _CARD_LIKE.search(classes) is not None


@lru_cache(_CACHE)
def _redacted(text: str) -> str:
    if not _SUSPECT.search(text):
        return text
    return _without_cards(_WORD.sub(_without_email, text))


def _without_email(word: re.Match[str]) -> str:
    """`(email)` if the word is one: something, an at sign (maybe percent-encoded), a name with a dot and letters."""
    text = word.group()
    at = _FIRST_AT.search(text, 1)
    return EMAIL if at and _DOMAIN.search(text, at.end()) else text


def _without_cards(text: str) -> str:
    kept: list[str] = []
    start = place = 0
    for _ in range(_LOOKS):
        found = _DIGITS.search(text, place)
        if not found:
            return "".join(kept) + text[start:]
        digits = re.sub(r"%(?:25)*20|\D", "", found.group())
        if digits[0] in _FIRST_OF_CARD and _passes_luhn(digits):
            kept += [text[start : found.start()], CARD]
            start = place = found.end()
        else:
            # The card may begin with a later group: `2026 4111 …`.
            place = found.start() + 1
    return "".join(kept) + text[start:place] + _without_numbers(text, place)


def _without_numbers(text: str, start: int) -> str:
    """The rest of a text that is all numbers, without any that could be a card."""
    kept: list[str] = []
    for found in _DIGITS.finditer(text, start):
        kept += [text[start : found.start()], CARD]
        start = found.end()
    return "".join(kept) + text[start:]


def _passes_luhn(digits: str) -> bool:
    """The check digit is right (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0
