"""Page addresses: one canonical form, with its query reduced, and what it says about a campaign. Pure, cached per text.

The canonical form is a fixed point. Text is brought to Unicode NFC once, before anything else; what arrives
percent-encoded is not looked into again. Scheme and host are lower case, hosts ASCII (RFC 3492), default ports gone,
and the path is ASCII with upper-case escapes of exactly what needs them (RFC 3986, section 6.2.2). Backslashes and
surplus slashes before the host are read as browsers read them, and name and password are never kept.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from clickstream.enrichment.redaction import redacted

QUERY_ALLOW_LIST = frozenset(
    [
        "utm_source",
        "utm_medium",
        "utm_campaign",
        "utm_term",
        "utm_content",
        "page",
        "category",
        "sort",
        "variant",
        "lang",
    ]
)
"""Query parameters that are kept; all others may carry personal data and are removed."""

_TAGS = QUERY_ALLOW_LIST.intersection({"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"}) | {
    "utm_id",
    "utm_source_platform",
}
_CLICK = re.compile(r"(?!fb)[a-z_]{0,20}clid|msclkid|[gw]braid|li_fat_id")
"""Parameters that advertisers add to the links of paid ads. Facebook's fbclid is not one: it marks every link."""
_NOT_SEEN = re.compile(r"^[\x00-\x20]+|[\x00-\x20]+$|[\t\r\n]")
_CREDENTIALS = re.compile(r"//([^/]*@/*)+")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH_SAFE = "/%:@!$&'()*+,;=[]"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_WEB = frozenset(["", "http", "https"])
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\x00-\x20\x7f:\[\]/?#@%\\]*)(?::(\d*))?", re.ASCII)
_LONGEST_AUTHORITY = 260
"""Characters of a host name at most (RFC 1035, section 2.3.4), and a port."""
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_CACHE = 20_000
_LONG = 512
"""Longer texts are worked out each time: 20,000 remembered ones of 8,192 characters would fill a function's memory."""


class Page(NamedTuple):
    """A page address with its query reduced, its path, lower-case host, and campaign.

    `click_id` is the name (never the value) of a parameter that marks a paid click; `is_tagged` whether the address
    carries any campaign parameter.
    """

    url: str | None = None
    path: str | None = None
    host: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    click_id: str | None = None
    is_tagged: bool = False


def page(url: str | None) -> Page:
    """The parts of a page address, personal data removed. Never raises: what is no address is a path."""
    return _page.__wrapped__(url) if url and len(url) > _LONG else _page(url)


@lru_cache(_CACHE)
def _page(url: str | None) -> Page:
    if not url:
        return Page()
    head, _, query = unicodedata.normalize("NFC", _NOT_SEEN.sub("", url)).partition("#")[0].partition("?")
    base, path, host = _base(head)
    given = parse_qsl(query)
    kept = [(name, redacted(value)) for name, value in given if name in QUERY_ALLOW_LIST]
    values = dict(reversed(kept))
    return Page(
        base + path + ("?" + urlencode(kept, safe="()") if kept else "") or None,
        path or "/",
        host,
        values.get("utm_source"),
        values.get("utm_medium"),
        values.get("utm_campaign"),
        next((name for name, _ in given if _CLICK.fullmatch(name)), None),
        any(name in _TAGS for name, _ in given),
    )


def _base(head: str) -> tuple[str, str, str | None]:
    """What stands before the path, the path, and the host without `www.`."""
    text = _CREDENTIALS.sub("//", _ESCAPE.sub(_escape, head.replace("\\", "/")))
    named = _SCHEME.match(text)
    scheme = named[1].lower() if named else ""
    rest = text[named.end() :] if named else text
    found = re.match(r"//+([^/]*)" if scheme in _WEB else r"//([^/]*)", rest)
    authority, host = _authority(scheme, found[1]) if found else ("", None)
    path = rest[found.end() :] if found else rest
    if not authority:
        path = re.sub(r"^//+", "/", path)
    prefix = (scheme + ":" if named else "") + ("//" if found else "") + authority
    return prefix, redacted(quote(path, safe=_PATH_SAFE, errors="replace")) or "", host


def _escape(found: re.Match[str]) -> str:
    """One spelling of an escape: upper case, none for what needs none, and a lone percent sign escaped."""
    if not found[1]:
        return "%25"
    letter = chr(int(found[1], 16))
    return letter if letter in _UNRESERVED else found[0].upper()


def _authority(scheme: str, text: str) -> tuple[str, str | None]:
    """The authority in canonical form, and its host without `www.`; no host where there is none to make out."""
    parts = _HOST.fullmatch(unicodedata.normalize("NFKC", text.lower()))
    if not parts or not parts[1] or len(text) > _LONGEST_AUTHORITY:
        return quote(text, safe=_PATH_SAFE, errors="replace").lower(), None
    host = ".".join(map(_ascii, parts[1].split(".")))
    port = "" if parts[2] in (None, "", _DEFAULT_PORTS.get(scheme)) else ":" + parts[2]
    return host + port, host.strip("[]").removeprefix("www.") or None


def _ascii(label: str) -> str:
    """A label of a host as the name system knows it."""
    return label if label.isascii() else "xn--" + label.encode("punycode").decode()
