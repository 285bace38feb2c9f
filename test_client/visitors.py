"""Who visits: people who come back with the same device, address and account, and how they find the shop."""

from __future__ import annotations

import random
from dataclasses import dataclass

from test_client.agents import Agent, person_agent
from test_client.catalogue import Page

_CURRENCIES = ("EUR", "USD", "GBP", "SEK")
_CURRENCY_SHARES = (52, 28, 14, 6)
_SHARED_ADDRESSES = 40
_SHARED_SHARE = 0.18
_ACCOUNT_SHARE = 0.38
_STAYS_SIGNED_IN_SHARE = 0.5
_SIGNALS: tuple[dict[str, bool | str], ...] = ({}, {"consent": True}, {"consent": False}, {"gpc": True}, {"dnt": "1"})
_SIGNAL_SHARES = (85, 10, 2, 2, 1)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person with one device; ``pace`` multiplies the time between two actions (1 is typical)."""

    anonymous_id: str
    user_id: str | None
    is_signed_in: bool
    agent: Agent
    ip_address: str
    currency: str
    pace: float
    signals: dict[str, bool | str]
    """What the browser says about consent, as fields of every event."""

    @property
    def is_hidden(self) -> bool:
        """Whether the signals forbid identifiers: such events arrive without a session."""
        return bool(self.signals.keys() & {"gpc", "dnt"}) or self.signals.get("consent") is False


@dataclass(frozen=True, slots=True)
class Source:
    """Where a visit comes from: the referrer of its first page, and what the link added to the address."""

    referrer: str | None
    query: str


_SOURCES: tuple[tuple[float, Source], ...] = (
    (0.32, Source(None, "")),
    (0.27, Source("https://www.google.com/", "")),
    (0.03, Source("https://www.bing.com/", "")),
    (0.02, Source("https://duckduckgo.com/", "")),
    (0.07, Source("https://www.google.com/", "utm_source=google&utm_medium=cpc&utm_campaign=brand&gclid={click}")),
    (0.03, Source("https://www.google.com/", "utm_source=google&utm_medium=cpc&utm_campaign=tents-de&gclid={click}")),
    (0.06, Source(None, "utm_source=newsletter&utm_medium=email&utm_campaign=spring-sale")),
    (0.02, Source(None, "utm_source=crm&utm_medium=email&utm_campaign=abandoned-cart")),
    (0.04, Source("https://www.instagram.com/", "utm_source=instagram&utm_medium=paid_social&utm_campaign=coast-26")),
    (0.03, Source("https://l.facebook.com/", "fbclid={click}")),
    (0.02, Source("https://www.pinterest.com/", "")),
    (0.02, Source("https://www.reddit.com/r/hiking/", "")),
    (0.03, Source("https://deals.example.net/", "utm_source=deals&utm_medium=affiliate&utm_campaign=p{partner}")),
    (0.02, Source("https://outdoor-blog.example.org/2026/best-tents", "")),
    (0.02, Source("https://chatgpt.com/", "utm_source=chatgpt.com")),
)  # fmt: skip
_SOURCE_SHARES = [share for share, _ in _SOURCES]


def identifier(rng: random.Random) -> str:
    """Draw a text in the shape of a random UUID."""
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _address(rng: random.Random) -> str:
    """An office or a mobile network shares one address among many people; the rest have their own."""
    if rng.random() < _SHARED_SHARE:
        return f"198.51.100.{1 + int(rng.random() ** 2 * _SHARED_ADDRESSES)}"
    if rng.random() < 0.12:
        return f"2001:db8:{rng.randrange(65536):x}:{rng.randrange(65536):x}::{rng.randrange(1, 65536):x}"
    return f"{rng.choice((84, 91, 93, 188, 212))}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"


def visitor_of(seed: int, number: int) -> Visitor:
    """Return person ``number`` of the world of ``seed``: always the same person for the same pair."""
    rng = random.Random(f"{seed}/person/{number}")  # noqa: S311 - a simulation, no secret
    has_account = rng.random() < _ACCOUNT_SHARE
    return Visitor(
        anonymous_id=identifier(rng),
        user_id=f"u-{number:07d}" if has_account else None,
        is_signed_in=has_account and rng.random() < _STAYS_SIGNED_IN_SHARE,
        agent=person_agent(rng),
        ip_address=_address(rng),
        currency=rng.choices(_CURRENCIES, _CURRENCY_SHARES)[0],
        pace=rng.lognormvariate(0, 0.35),
        signals=rng.choices(_SIGNALS, _SIGNAL_SHARES)[0],
    )


def draw_source(rng: random.Random) -> Source:
    """Draw how a visit begins: direct, search, campaign, social, affiliate or another site."""
    source = rng.choices(_SOURCES, _SOURCE_SHARES)[0][1]
    query = source.query.format(click=f"Cj0K{rng.getrandbits(60):015x}", partner=rng.randint(1, 12))
    return Source(source.referrer, query)


def landing_url(page: Page, source: Source) -> str:
    """The address of the first page of a visit, with what the link added."""
    if not source.query:
        return page.url
    return f"{page.url}{'&' if '?' in page.path else '?'}{source.query}"
