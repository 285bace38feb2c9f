"""Visits that are not what they seem: floods of clicks, programs, and checkouts out of nowhere.

Everything is drawn from distributions of behaviour, here and in `robots` and `forgeries`. Nothing knows at what point a
detector would speak up, so some floods are slow enough to pass for a hectic person: recall below 1 is honest.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from test_client import catalogue, forgeries, robots
from test_client.journeys import Journey, Step, purchase
from test_client.visitors import Visitor

_LONGEST_FLOOD_CLICKS = 1_200
_LONGEST_CRAWL_PAGES = 80
_FASTEST_CRAWL_MS = 1_500


def click_flood(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """One product page, then clicks at a rate around 150 a minute for a minute or two."""
    journey = Journey(rng, visitor)
    page = catalogue.popular_product(rng).page
    yield journey.step("page_view", page)
    per_minute = 150 * rng.lognormvariate(0, 0.5)
    minutes = 1.6 * rng.lognormvariate(0, 0.5)
    for _ in range(min(_LONGEST_FLOOD_CLICKS, max(20, int(per_minute * minutes)))):
        journey.offset_ms += max(8, int(rng.gammavariate(4, 60_000 / per_minute / 4)))
        yield journey.click(page)


def crawl(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """A polite program reads some pages at its own steady pace; half of them run the page's scripts."""
    journey = Journey(rng, visitor)
    runs_scripts = rng.random() < 0.5
    gap_s = rng.lognormvariate(2.3, 0.9)
    for _ in range(min(_LONGEST_CRAWL_PAGES, 1 + int(rng.expovariate(1 / 22)))):
        product = catalogue.popular_product(rng)
        page = product.page if rng.random() < 0.7 else rng.choice(catalogue.CATEGORY_PAGES)
        yield journey.step("page_view", page)
        if runs_scripts and page is product.page:
            journey.offset_ms += rng.randrange(20, 120)
            yield journey.step("view_item", page, product_id=product.product_id)
        journey.offset_ms += max(_FASTEST_CRAWL_MS, int(gap_s * 1000 * rng.uniform(0.8, 1.2)))


def checkout_out_of_nowhere(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """Straight to the checkout, sometimes by way of the home page, then one order or several tries of stolen cards."""
    journey = Journey(rng, visitor)
    if rng.random() < 0.3:
        yield journey.step("page_view", rng.choice((catalogue.HOME, catalogue.ACCOUNT)))
        journey.wait(3)
    if rng.random() < 0.85:
        yield journey.step("page_view", catalogue.CHECKOUT)
        journey.offset_ms += rng.randrange(20, 200)
        yield journey.step("begin_checkout", catalogue.CHECKOUT, currency=visitor.currency)
    else:
        yield from _orders(journey, 1)
    yield from _orders(journey, int(rng.expovariate(1 / 1.6)))


def _orders(journey: Journey, count: int) -> Iterator[Step]:
    for _ in range(count):
        journey.wait(4)
        journey.cart = {catalogue.popular_product(journey.rng): 1}
        yield purchase(journey)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of anomalous visit: visits per 100,000 events, what a detector should say of it, what happens in it."""

    per_100k: int
    labels: tuple[str, ...]
    steps: Callable[[random.Random, Visitor], Iterator[Step]]


KINDS = {
    "click_flood": Kind(12, ("click_flood",), click_flood),
    "bot_agent": Kind(26, ("bot_agent",), crawl),
    "checkout_without_journey": Kind(14, ("checkout_without_journey",), checkout_out_of_nowhere),
    "monitor": Kind(2, ("bot_agent",), robots.watch_uptime),
    "slow_scrape": Kind(3, ("scraping",), robots.scrape_slowly),
    "fast_scrape": Kind(2, ("scraping", "click_flood"), robots.scrape_fast),
    "page_burst": Kind(3, ("robot_speed", "click_flood"), robots.open_pages_in_a_burst),
    "fast_order": Kind(4, ("robot_speed",), robots.order_in_no_time),
    "many_agents": Kind(3, ("forged_agent",), forgeries.rotate_agents),
    "contradictory_agent": Kind(4, ("forged_agent",), forgeries.contradict_agent),
    "forged_orders": Kind(3, ("impossible_order",), forgeries.forge_orders),
    "changed_amounts": Kind(2, ("impossible_order",), forgeries.change_amounts),
    "random_times": Kind(2, ("impossible_order",), forgeries.draw_times),
    "replay": Kind(4, ("replay",), forgeries.replay),
}
MAIN_KINDS = ("click_flood", "bot_agent", "checkout_without_journey")
"""The kinds that a small day has, too."""
