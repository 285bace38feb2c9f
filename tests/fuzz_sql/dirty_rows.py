"""Random rows such as a lake gets them: nulls, unicode, broken JSON, dirty URLs, extreme numbers, odd days."""

import datetime as dt
import json
import math
from collections.abc import Callable
from random import Random
from typing import Any

Row = dict[str, Any]

_LETTERS = "abcXY 019-_.,&=éß😀\t"
_HOSTS = ("shop.example.com", "a.b-c.io", "localhost", "1.2.3.4", "user:pw@h.com", "h_x.com", "H.Example")
_ODD_URLS = (
    "", "not a url", "/rel/path?x=1", "http://", "mailto:a@b.c", "http://h/%zz", "//cdn.x.com/p", "http://h.com?x",
    "http://h.com#f", "http://h/a b", "http://h/é?q=ü", "http://h/?q=%", "http://[::1]:80/p", "HTTP://H/?q=1&q=2",
)  # fmt: skip
_KEYS = ("utm_source", "q", "x", "q[]", "empty", "")
_VALUES = ("1", "a%20b", "a+b", "%C3%A9", "", "=", "1=2", "é")
_BROKEN = ("", "{", "null", "[1,2", '"s"', "12", '{"a":}', "{'a':1}", "[]", "{}", "tru", '{"a":1}x', "  [1, 2] ")
_INSIDE: tuple[Any, ...] = (
    1, 0, -5, 1.5, 19.9, 123456789012, 2**60, True, False, None, "x", 'é"q', "", "12", [1, 2], [], {"b": 2},
    {"b": {"a": 1}}, {},
)  # fmt: skip
_EXTREME_INTEGERS = (0, 1, -1, 2**31 - 1, -(2**31), 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 10**18)
_EXTREME_DOUBLES = (
    0.0, -0.0, 0.5, 1.5, 2.5, -0.5, -2.5, 1e-5, 0.1, 1e7, 123456789.125, 1e18, 1e300, -1e300, 5e-324, math.inf,
    -math.inf, math.nan, 1 / 3,
)  # fmt: skip
_ODD_INSTANTS = (
    "2024-03-31T00:59:59.999", "2024-03-31T01:00:00", "2024-03-31T02:30:00", "2024-10-27T00:30:00",
    "2024-10-27T01:30:00", "2024-03-10T06:59:59", "2024-03-10T07:30:00", "2024-11-03T05:30:00", "2024-02-29T23:59:59",
    "2023-12-31T23:59:59.999", "2024-12-30T00:00:00", "2021-01-03T12:00:00", "2020-12-31T00:00:00",
    "1970-01-01T00:00:00", "1969-12-31T23:59:59.500", "2000-02-29T12:00:00", "1900-03-01T00:00:00",
)  # fmt: skip
_HOUR_MS = 3_600_000


def row(random: Random) -> Row:
    """Return one row; each value but `k` is now and then NULL."""
    made = {name: None if name != "k" and random.random() < 0.08 else make(random) for name, make in _COLUMNS.items()}
    if made["t"] is not None and made["t2"] is not None and random.random() < 0.5:
        made["t2"] = _near(random, made["t"])
    return made


def _text(random: Random) -> str:
    if random.random() < 0.15:
        return random.choice(
            ("12", "-7", "1.5", "2024-02-30", "2024-02-29", "2024-02-29 10:00:00", "1e3", "NaN", " 5 ")
        )
    return "".join(random.choice(_LETTERS) for _ in range(random.randrange(9)))


def _word(random: Random) -> str:
    return random.choice(("a", "b", "ab", "X", " ", "1", "x", "-", "q"))


def _url(random: Random) -> str:
    if random.random() < 0.15:
        return random.choice(_ODD_URLS)
    pairs = [
        random.choice(_KEYS) + random.choice(("=", "=", "")) + random.choice(_VALUES)
        for _ in range(random.randrange(4))
    ]
    host = random.choice(_HOSTS) + random.choice(("", "", ":8080"))
    query = "?" + "&".join(pairs) if random.random() < 0.7 else ""
    path = random.choice(("", "/", "/a/b", "/p%20q", "/a;b", "/a+b"))
    return f"{random.choice(('http', 'https'))}://{host}{path}{query}{random.choice(('', '', '#frag', '#', '#a%20b'))}"


def _document(random: Random) -> str:
    if random.random() < 0.2:
        return random.choice(_BROKEN)
    keys = random.sample(["a", "b", "c d", "v", "l"], random.randrange(1, 5))
    value = {key: random.choice(_INSIDE) for key in keys}
    return json.dumps(value, ensure_ascii=random.random() < 0.5, separators=random.choice(((",", ":"), (", ", ": "))))


def _integer(random: Random) -> int:
    return random.choice(_EXTREME_INTEGERS) if random.random() < 0.3 else random.randrange(-12, 13)


def _small(random: Random) -> int:
    return random.choice((-3, -2, -1, 1, 2, 3, 7))


def _double(random: Random) -> float:
    return (
        random.choice(_EXTREME_DOUBLES)
        if random.random() < 0.5
        else round(random.uniform(-50, 50), random.randrange(6))
    )


def _instant(random: Random) -> dt.datetime:
    if random.random() < 0.5:
        return dt.datetime.fromisoformat(random.choice(_ODD_INSTANTS))
    return dt.datetime(2023, 6, 1) + dt.timedelta(milliseconds=random.randrange(900 * 24 * _HOUR_MS))  # noqa: DTZ001 - Trino's timestamp has no zone


def _near(random: Random, instant: dt.datetime) -> dt.datetime:
    reach = random.choice((90_000, _HOUR_MS, 72 * _HOUR_MS, 90 * 24 * _HOUR_MS))
    return instant + dt.timedelta(milliseconds=random.randrange(-reach, reach))


def _texts(random: Random) -> list[str | None]:
    return [random.choice(("a", "b", "ab", "é", "", "x", None)) for _ in range(random.randrange(5))]


def _integers(random: Random) -> list[int | None]:
    return [random.choice((*range(-3, 8), 2**40, None)) for _ in range(random.randrange(5))]


_COLUMNS: dict[str, Callable[[Random], Any]] = {
    "s": _text, "w": _word, "u": _url, "j": _document, "i": _integer, "k": _small, "d": _double,
    "b": lambda random: random.random() < 0.5, "t": _instant, "t2": _instant,
    "y": lambda random: _instant(random).date(), "l": _texts, "n": _integers,
}  # fmt: skip
NAMES = tuple(_COLUMNS)
"""Names of the columns."""
