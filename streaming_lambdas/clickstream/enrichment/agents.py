"""What a user agent text tells: device, browser, system, and whether a machine sent it. Pure, cached per text."""

import re
from functools import lru_cache
from typing import NamedTuple

import ua_parser
from crawleruseragents import is_crawler

_LIBRARY = re.compile(
    r"^(java|okhttp|go-http-client|libwww|node|axios|ruby|php|perl|apache-httpclient)\b", re.IGNORECASE
)
_HEADLESS = re.compile(r"headless|phantomjs|puppeteer|playwright|selenium", re.IGNORECASE)
_TABLET = re.compile(r"iPad|Tablet(?! PC)|PlayBook|Kindle|Silk/")
_SCREEN = re.compile(
    r"\bTV\b|SmartTV|SMART-TV|GoogleTV|AppleTV|HbbTV|BRAVIA|Roku|CrKey|\bAFT[A-Z]|PlayStation|Xbox|Nintendo"
)
"""Televisions and consoles: neither of the device types, whatever system they run."""
_ANDROID_PHONE = re.compile(r"Mobile|Dalvik")
"""Browsers of Android phones say Mobile, those of tablets do not; apps say neither."""
_PHONES = frozenset(["iPhone", "iPod", "Generic Smartphone", "Generic Feature Phone"])
_NO_DEVICE = ua_parser.Device("")
_DESKTOP_SYSTEMS = frozenset(
    [
        "Windows", "Mac OS X", "Mac OS", "Linux", "Ubuntu", "Debian", "Fedora", "Red Hat", "SUSE", "Mandriva", "Gentoo",
        "CentOS", "Chrome OS", "FreeBSD", "OpenBSD", "NetBSD", "Solaris", "BeOS",
    ]
)  # fmt: skip
_CACHE = 20_000
LONGEST = 512
"""Characters that are looked at; no browser sends more. The patterns take a hundredth of a second for 8,192 of them: a
record of some KB that unfolds to 4,000 such texts would take longer than a function has, and hold up its shard."""


class Agent(NamedTuple):
    """What a user agent text tells: device_type, browser, os, and why it is a bot (None for people)."""

    device_type: str
    browser: str | None
    os: str | None
    bot_reason: str | None


def agent(user_agent: str | None) -> Agent:
    """Device, browser and bot signs of a user agent (uap-core patterns, crawler-user-agents list).

    None, not recorded, says nothing; empty, recorded as not sent, is a sign of a machine. Only the first LONGEST
    characters are looked at.
    """
    return _agent(user_agent and user_agent[:LONGEST])


@lru_cache(_CACHE)
def _agent(user_agent: str | None) -> Agent:
    if user_agent is None:
        return Agent("unknown", None, None, None)
    if not user_agent.strip():
        return Agent("bot", None, None, "no_agent")
    found = ua_parser.parse(user_agent)
    device = found.device or _NO_DEVICE
    reason = _bot_reason(user_agent, device.family)
    browser, system = _named(found.user_agent), _named(found.os)
    return Agent("bot" if reason else _device_type(user_agent, device, system), browser, system, reason)


def _named(found: ua_parser.UserAgent | ua_parser.OS | None) -> str | None:
    """The family; some patterns name it `Other`, which is none."""
    return found.family if found and found.family != "Other" else None


def _bot_reason(user_agent: str, family: str) -> str | None:
    if _HEADLESS.search(user_agent):
        return "headless"
    if _LIBRARY.search(user_agent):
        return "library"
    return "crawler" if family == "Spider" or is_crawler(user_agent) else None


def _device_type(user_agent: str, device: ua_parser.Device, system: str | None) -> str:
    """The size of device, by what it says of itself, then by whether its maker builds phones."""
    if _SCREEN.search(user_agent):
        return "unknown"
    if _TABLET.search(user_agent) or (system == "Android" and not _ANDROID_PHONE.search(user_agent)):
        return "tablet"
    if "Mobi" in user_agent or device.family in _PHONES or (device.brand and system not in _DESKTOP_SYSTEMS):
        return "mobile"
    return "desktop" if system or device.family else "unknown"
