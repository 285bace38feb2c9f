"""User agents: the browsers people use, and the agents of programs. Shares are rough market shares, made for a shop."""

from __future__ import annotations

import random
from dataclasses import dataclass

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_CHROME = f"{_WEBKIT} Chrome/{{c}}.0.0.0"
_IOS_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS {{i}} like Mac OS X) {_IOS_WEBKIT}"
_IPAD = f"Mozilla/5.0 (iPad; CPU OS {{i}} like Mac OS X) {_IOS_WEBKIT}"
_ANDROID = "Mozilla/5.0 (Linux; Android 14;"
_PHONES = ("SM-S921B", "SM-A546B", "Pixel 8", "Pixel 9 Pro", "2312DRA50G", "CPH2581", "moto g84 5G", "CUBOT KINGKONG 9")
_PHONE_SHARES = (24, 30, 16, 10, 10, 6, 5, 1)


@dataclass(frozen=True, slots=True)
class Agent:
    """A user agent text and whether it is a phone or tablet, which may lose its network."""

    text: str
    is_mobile: bool


# A share and a pattern: {c} Chrome major, {f} Firefox major, {i} iOS as 17_4, {v} the same as 17.4, {p} a phone model.
_BROWSERS: tuple[tuple[float, bool, str], ...] = (
    (0.27, False, f"{_WINDOWS}) {_CHROME} Safari/537.36"),
    (0.07, False, f"{_MAC} {_CHROME} Safari/537.36"),
    (0.05, False, f"{_WINDOWS}) {_CHROME} Safari/537.36 Edg/{{c}}.0.0.0"),
    (0.05, False, f"{_MAC} {_IOS_WEBKIT} Version/{{v}} Safari/605.1.15"),
    (0.04, False, f"{_WINDOWS}; rv:{{f}}.0) Gecko/20100101 Firefox/{{f}}.0"),
    (0.02, False, "Mozilla/5.0 (X11; Linux x86_64; rv:{f}.0) Gecko/20100101 Firefox/{f}.0"),
    (0.23, True, f"{_IPHONE} Version/{{v}} Mobile/15E148 Safari/604.1"),
    (0.16, True, f"{_ANDROID} {{p}}) {_CHROME} Mobile Safari/537.36"),
    (0.04, True, f"{_ANDROID} SAMSUNG SM-A546B) {_WEBKIT} SamsungBrowser/25.0 Chrome/{{c}}.0.0.0 Mobile Safari/537.36"),
    (0.03, True, f"{_IPAD} Version/{{v}} Mobile/15E148 Safari/604.1"),
    (0.03, True, f"{_IPHONE} Mobile/15E148 Instagram 331.0.3.29.90"),
    (0.01, True, f"{_ANDROID} {{p}}; wv) {_WEBKIT} Version/4.0 Chrome/{{c}}.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;]"),
)  # fmt: skip

_PROGRAMS: tuple[tuple[float, str], ...] = (
    (0.20, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
    (0.10, "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"),
    (0.06, "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"),
    (0.06, "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.1; +https://openai.com/gptbot)"),
    (0.05, "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)"),
    (0.03, "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"),
    (0.12, "python-requests/2.32.3"),
    (0.06, "curl/8.7.1"),
    (0.05, "Go-http-client/2.0"),
    (0.04, "Scrapy/2.11.2 (+https://scrapy.org)"),
    (0.03, "okhttp/4.12.0"),
    (0.12, f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} HeadlessChrome/126.0.6478.126 Safari/537.36"),
    (0.02, "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1"),
    (0.06, ""),
)  # fmt: skip


_CONTRADICTIONS = (
    f"{_IPHONE} Chrome/{{c}}.0.0.0 Mobile Safari/604.1",
    f"{_IPAD} Chrome/{{c}}.0.0.0 Safari/604.1",
    f"{_WINDOWS}) {_IOS_WEBKIT} Version/{{v}} Safari/605.1.15",
    f"{_WINDOWS}; Macintosh; Intel Mac OS X 10_15_7) {_CHROME} Safari/537.36",
    f"{_ANDROID} {{p}}; Windows NT 10.0) {_CHROME} Mobile Safari/537.36",
)
_MONITOR = "HarbourPine-UptimeMonitor/1.4 (bot; +https://shop.example.com/status)"


def person_agent(rng: random.Random) -> Agent:
    """Draw the browser of a person."""
    _, is_mobile, pattern = rng.choices(_BROWSERS, [row[0] for row in _BROWSERS])[0]
    return Agent(_filled(pattern, rng), is_mobile)


def _filled(pattern: str, rng: random.Random) -> str:
    ios_major, ios_minor = rng.choice(((17, 4), (17, 6), (18, 1), (18, 5), (26, 0)))
    return pattern.format(
        c=rng.randint(138, 147),
        f=rng.randint(128, 146),
        i=f"{ios_major}_{ios_minor}",
        v=f"{ios_major}.{ios_minor}",
        p=rng.choices(_PHONES, _PHONE_SHARES)[0],
    )


def contradictory_agent(rng: random.Random) -> str:
    """Draw a text that names two platforms, or a browser where it does not exist."""
    return _filled(rng.choice(_CONTRADICTIONS), rng)


def monitor_agent() -> Agent:
    """The agent of the shop's own monitor, which declares itself."""
    return Agent(_MONITOR, is_mobile=False)


def program_agent(rng: random.Random) -> Agent:
    """Draw the agent of a program: a declared bot, a script library, a headless browser, or an empty text."""
    return Agent(rng.choices(_PROGRAMS, [row[0] for row in _PROGRAMS])[0][1], is_mobile=False)
