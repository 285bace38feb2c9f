"""Where a visit came from: one channel per event, by sixteen rules in a fixed order. Pure, cached per distinct input.

The rules are those of Clickstream Analytics on AWS (traffic_source_channel_rule_v0.json, Apache-2.0), which follow the
default channel groups of web analytics. They judge a source by its category, then the medium and the campaign.
"""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

_PAID = re.compile(r".*cp.*|ppc|retargeting|paid.*")
_SHOP = re.compile(r".*(([^a-df-z]|^)shop|shopping).*")
_SOCIAL = frozenset(["social", "social-network", "social-media", "sm", "social network", "social media"])
_COUNTRY_SITES = (
    ("search", re.compile(r"(google|yandex|baidu|(search\.)?yahoo)\.(com?\.)?[a-z]{2}")),
    ("social", re.compile(r"([a-z]{2}\.)?(pinterest|linkedin)\.(com?\.)?[a-z]{2,3}|[a-z]{2}-[a-z]{2}\.facebook\.com")),
    ("social", re.compile(r"x\.com")),
    ("shopping", re.compile(r"(amazon|ebay|etsy|mercadolibre)\.(com?\.)?[a-z]{2}")),
)
"""Sites whose name is one in every country, while the list has some of the countries only."""
_CLICK_SOURCES = {"gclid": "google", "wbraid": "google", "gbraid": "google", "dclid": "google", "msclkid": "bing",
                  "yclid": "yandex", "twclid": "twitter", "ttclid": "tiktok", "li_fat_id": "linkedin"}  # fmt: skip
_FEW = 1_000
"""Answers that are remembered by five texts at once, of which three may have the length of an address."""


class Visit(NamedTuple):
    """What the rules look at. Texts are lower case and empty where nothing is known.

    Attributes:
        category: `search`, `social`, `video`, `shopping`, or empty.
        source: Who sent the visitor: of the campaign, else the referring host.
        medium: How, by the campaign.
        campaign: Which campaign.
        referrer_host: Host of the referring page.
        is_paid_click: The address has the mark of a paid click.
        is_tagged: The address has any campaign parameter.
        is_internal: The referring page is of the same site.
    """

    category: str = ""
    source: str = ""
    medium: str = ""
    campaign: str = ""
    referrer_host: str = ""
    is_paid_click: bool = False
    is_tagged: bool = False
    is_internal: bool = False

    @property
    def is_paid(self) -> bool:
        """Somebody paid for it, by the mark or by the medium."""
        return self.is_paid_click or bool(_PAID.fullmatch(self.medium))

    @property
    def is_shop_campaign(self) -> bool:
        """The campaign is named after shopping: `shop` at the start of a word or after an e, as in `eshop`."""
        return bool(_SHOP.fullmatch(self.campaign))


_RULES: tuple[tuple[str, Callable[[Visit], bool]], ...] = (
    ("direct", lambda v: not (v.category or v.source or v.medium or v.campaign or v.is_paid_click or v.is_tagged)),
    ("paid_search", lambda v: v.category == "search" and v.is_paid),
    ("organic_search", lambda v: v.category == "search" and v.medium in ("", "organic")),
    ("paid_social", lambda v: v.category == "social" and v.is_paid),
    ("organic_social", lambda v: v.category == "social" or v.medium in _SOCIAL),
    ("paid_video", lambda v: v.category == "video" and v.is_paid),
    ("organic_video", lambda v: v.category == "video" or "video" in v.medium),
    ("paid_shopping", lambda v: v.category == "shopping" and (v.is_paid or v.is_shop_campaign)),
    ("organic_shopping", lambda v: v.category == "shopping" or v.is_shop_campaign),
    ("paid_other", lambda v: not v.category and bool(_PAID.fullmatch(v.medium))),
    ("email", lambda v: "mail" in v.source or "mail" in v.medium or v.referrer_host.startswith("mail")),
    ("sms", lambda v: "sms" in (v.source, v.medium)),
    ("audio", lambda v: v.medium == "audio"),
    ("mobile_push", lambda v: v.medium.endswith("push") or "mobile" in v.medium or "notification" in v.medium),
    ("referral", lambda v: bool(v.referrer_host) and not v.category and not v.is_internal),
    ("internal", lambda v: v.is_internal),
)
UNASSIGNED = "unassigned"
CHANNELS = (*(name for name, _ in _RULES), UNASSIGNED)
"""All values, in the order of the rules; the last where none fits."""


@lru_cache(_FEW)
def channel(
    page_host: str | None,
    referrer_host: str | None,
    source: str | None,
    medium: str | None,
    campaign: str | None = None,
    click_id: str | None = None,
    is_tagged: bool = False,
) -> str:
    """The channel of an event, one of CHANNELS.

    Hosts are lower case without `www.`; source, medium and campaign are those of the page's address, `click_id` the
    name of its parameter that marks a paid click, `is_tagged` whether it has any campaign parameter.
    """
    is_internal = bool(referrer_host) and referrer_host == page_host
    if is_internal and not (source or medium or campaign or click_id or is_tagged):
        return "internal"
    referrer = "" if is_internal else referrer_host or ""
    sender = (source or _CLICK_SOURCES.get(click_id or "", "")).lower()
    visit = Visit(
        category=category(referrer) or category(sender),
        source=sender or referrer,
        medium=(medium or "").lower(),
        campaign=(campaign or "").lower(),
        referrer_host=referrer,
        is_paid_click=click_id is not None,
        is_tagged=is_tagged,
        is_internal=is_internal,
    )
    return channel_of(visit)


def channel_of(visit: Visit) -> str:
    """The channel of a visit: the first rule that holds."""
    return next((name for name, holds in _RULES if holds(visit)), UNASSIGNED)


def category(source: str) -> str:
    """What kind of site a host or the name of a source is: `search`, `social`, `video`, `shopping`, or empty."""
    if not source:
        return ""
    found = _listed().get(source)
    return found or next((name for name, sites in _COUNTRY_SITES if sites.fullmatch(source)), "")


@cache
def _listed() -> dict[str, str]:
    """Category by host and by name of a source."""
    lines = (files("clickstream.enrichment") / "traffic_sources.tsv").read_text("utf-8").splitlines()
    cells = (line.split("\t") for line in lines if not line.startswith("#"))
    return {text: category for category, _, text in cells}
