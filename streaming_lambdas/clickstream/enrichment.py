"""What one event says beyond its own words: agent, page, campaign, channel. Pure, cached per distinct value."""

import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import ua_parser
from crawleruseragents import is_crawler

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

SEARCH_HOSTS = re.compile(r"(^|\.)(google|bing|yahoo|duckduckgo|ecosia|baidu|yandex|qwant|startpage|naver)\.")
SOCIAL_HOSTS = re.compile(
    r"(^|\.)(facebook|instagram|linkedin|pinterest|reddit|tiktok|youtube|mastodon|vk)\.|(^|\.)(x\.com|t\.co|lnkd\.in)$"
)
_LIBRARY = re.compile(
    r"^(java|okhttp|go-http-client|libwww|node|axios|ruby|php|perl|apache-httpclient)\b", re.IGNORECASE
)
_HEADLESS = re.compile(r"headless|phantomjs|puppeteer|playwright|selenium|electron", re.IGNORECASE)
_CREDENTIALS = re.compile(r"^([^/?#]*/{2,})([^/?#]*@/*)+")
"""Name and password, also where leading slashes hide them from the standard library's idea of an address."""
_UNSPLITTABLE = re.compile(r"[?#].*|(?<=//)[^/?#]*@", re.DOTALL)
"""What goes from an address that no rule can take apart: query, fragment, name and password."""
_CACHE = 50_000
_LONG = 1024
"""Longer texts are worked out each time: 50,000 remembered ones of 8,192 characters would fill a function's memory."""
_FEW = 2_000
"""Answers that are remembered by several texts at once, each of which may be long."""


class Agent(NamedTuple):
    """What a user agent text tells: device_type, browser, os, and why it is a bot (None for people)."""

    device_type: str
    browser: str | None
    os: str | None
    bot_reason: str | None


class Page(NamedTuple):
    """A page address with its query reduced, its path, lower-case host, and campaign."""

    url: str | None = None
    path: str | None = None
    host: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None


def agent(user_agent: str | None) -> Agent:
    """Device, browser and bot signs of a user agent (uap-core patterns, crawler-user-agents list).

    None, not recorded, says nothing; empty, recorded as not sent, is a sign of a machine.
    """
    is_long = user_agent is not None and len(user_agent) > _LONG
    return _agent.__wrapped__(user_agent) if is_long else _agent(user_agent)


@lru_cache(_CACHE)
def _agent(user_agent: str | None) -> Agent:
    if user_agent is None:
        return Agent("unknown", None, None, None)
    if not user_agent.strip():
        return Agent("bot", None, None, "no_agent")
    found = ua_parser.parse(user_agent)
    reason = _bot_reason(user_agent)
    browser = found.user_agent.family if found.user_agent else None
    system = found.os.family if found.os else None
    device = "bot" if reason else _device(user_agent, found.device.family if found.device else "", system)
    return Agent(device, browser, system, reason)


def _bot_reason(user_agent: str) -> str | None:
    if _HEADLESS.search(user_agent):
        return "headless"
    if _LIBRARY.search(user_agent):
        return "library"
    return "crawler" if is_crawler(user_agent) else None


def _device(user_agent: str, family: str, system: str | None) -> str:
    if "iPad" in user_agent or "Tablet" in user_agent or (system == "Android" and "Mobile" not in user_agent):
        return "tablet"
    if "Mobi" in user_agent or family == "iPhone":
        return "mobile"
    return "desktop" if system or family else "unknown"


def page(url: str | None) -> Page:
    """The parts of a page address. An address that cannot be split keeps only its own text before the query."""
    return _page.__wrapped__(url) if url and len(url) > _LONG else _page(url)


@lru_cache(_CACHE)
def _page(url: str | None) -> Page:
    if not url:
        return Page()
    try:
        parts = urlsplit(_CREDENTIALS.sub(r"\1", url))
        host = (parts.hostname or "").removeprefix("www.") or None
    except ValueError:
        return Page(url=_UNSPLITTABLE.sub("", url))
    query = [(name, value) for name, value in parse_qsl(parts.query) if name in QUERY_ALLOW_LIST]
    values = dict(reversed(query))
    kept = parts._replace(query=urlencode(query), fragment="").geturl()
    campaign = (values.get(name) for name in ("utm_source", "utm_medium", "utm_campaign"))
    return Page(kept, parts.path or "/", host, *campaign)


@lru_cache(_FEW)
def channel(page_host: str | None, referrer_host: str | None, source: str | None, medium: str | None) -> str:
    """Where a visit came from: campaign parameters first, then the referring host. Rules in this order."""
    paid = re.match(r"(cpc|ppc|cpm|paid|display|retargeting)", medium or "", re.IGNORECASE)
    if paid:
        return "paid"
    if medium and re.match(r"e-?mail|newsletter", medium, re.IGNORECASE):
        return "email"
    if medium and re.match(r"social", medium, re.IGNORECASE):
        return "social"
    if source or medium:
        return "campaign"
    return _referred(page_host, referrer_host)


def _referred(page_host: str | None, referrer_host: str | None) -> str:
    if not referrer_host:
        return "direct"
    if referrer_host == page_host:
        return "internal"
    if SEARCH_HOSTS.search(referrer_host):
        return "search"
    return "social" if SOCIAL_HOSTS.search(referrer_host) else "referral"


@lru_cache(_CACHE)
def network(address: str | None) -> str | None:
    """The network of an address: /24 of IPv4, /48 of IPv6. None for what is no address (a host name tells a person)."""
    try:
        parsed = ipaddress.ip_address((address or "").strip())
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    prefix = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network((parsed, prefix), strict=False).network_address)
