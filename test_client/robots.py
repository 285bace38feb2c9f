"""Programs that behave as no person can: too many pages, or everything too fast. They pass for ordinary browsers."""

from __future__ import annotations

import random
from collections.abc import Iterator

from test_client import catalogue
from test_client.journeys import Journey, Step, of_product, purchase
from test_client.visitors import Visitor

_FASTEST_PAGE_S, _SLOWEST_PAGE_S = 2.5, 18


def watch_uptime(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """The shop's own monitor, which says so in its agent: one page, again and again, at a steady pace."""
    journey = Journey(rng, visitor)
    for _ in range(rng.randint(20, 60)):
        yield journey.step("page_view", catalogue.HOME)
        journey.offset_ms += 60_000 + rng.randrange(500)


def scrape_slowly(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """Hundreds of product pages, each once, slow enough to look like reading."""
    gap_s = min(_SLOWEST_PAGE_S, max(_FASTEST_PAGE_S, 4 * rng.lognormvariate(0, 0.6)))
    yield from _scrape(Journey(rng, visitor), rng.randint(180, 400), gap_s)


def scrape_fast(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """The same in a hurry, one or two pages a second."""
    yield from _scrape(Journey(rng, visitor), rng.randint(180, 400), rng.uniform(0.5, 0.9))


def _scrape(journey: Journey, pages: int, gap_s: float) -> Iterator[Step]:
    start = journey.rng.randrange(len(catalogue.PRODUCTS))
    for number in range(pages):
        product = catalogue.PRODUCTS[(start + number) % len(catalogue.PRODUCTS)]
        yield journey.step("page_view", product.page)
        journey.offset_ms += max(50, int(1000 * gap_s * journey.rng.uniform(0.7, 1.3)))


def open_pages_in_a_burst(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """Dozens of pages within seconds, around eight a second, and gone."""
    journey = Journey(rng, visitor)
    per_second = 8 * rng.lognormvariate(0, 0.3)
    for product in rng.sample(catalogue.PRODUCTS, rng.randint(45, 90)):
        yield journey.step("page_view", product.page)
        journey.offset_ms += max(5, int(1000 / per_second * rng.uniform(0.5, 1.5)))


def order_in_no_time(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """From the product to the order in a second or two: whoever buys up what is scarce."""
    journey = Journey(rng, visitor)
    product = catalogue.popular_product(rng)
    journey.cart = {product: 2}
    pause_ms = int(350 * rng.lognormvariate(0, 0.4))
    yield journey.step("page_view", product.page)
    yield journey.step("view_item", product.page, **of_product(product))
    journey.offset_ms += pause_ms
    yield journey.step("add_to_cart", product.page, **of_product(product, 2))
    journey.offset_ms += pause_ms
    yield journey.step("page_view", catalogue.CHECKOUT)
    yield journey.step("begin_checkout", catalogue.CHECKOUT, currency=visitor.currency)
    journey.offset_ms += 2 * pause_ms
    yield journey.step("page_view", catalogue.CONFIRMATION)
    yield purchase(journey)
