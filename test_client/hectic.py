"""Ordinary people who look extraordinary: what a rule must not take for a program. None of these visits has a label."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from test_client import catalogue, journeys
from test_client.agents import person_agent
from test_client.journeys import Journey, Step, purchase
from test_client.visitors import Visitor


def back_button_storm(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """Back and forth between a list and a few products, a page every few seconds, for minutes."""
    journey = Journey(rng, visitor)
    category = rng.choice(catalogue.CATEGORY_PAGES)
    products = [catalogue.popular_product(rng) for _ in range(rng.randint(2, 5))]
    for _ in range(int(rng.triangular(10, 45, 20))):
        yield journey.step("page_view", category)
        journey.wait(2.5, 0.4)
        product = rng.choice(products)
        yield journey.step("page_view", product.page)
        journey.offset_ms += rng.randrange(20, 200)
        yield journey.step("view_item", product.page, product_id=product.product_id)
        journey.wait(3, 0.5)


def compare_prices(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """One product page after the other, dozens of them, for the better part of an hour; few buy."""
    journey = Journey(rng, visitor)
    for _ in range(int(rng.triangular(20, 75, 35))):
        product = rng.choice(catalogue.PRODUCTS)
        yield journey.step("page_view", product.page)
        journey.offset_ms += rng.randrange(20, 200)
        yield journey.step("view_item", product.page, product_id=product.product_id)
        journey.wait(18, 0.8)
    if rng.random() < 0.1:
        yield from journeys.walk(journey, "cart")


def buy_at_once(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """A known customer, with saved card and address, opens the cart and is done in well under a minute."""
    journey = Journey(rng, visitor, is_signed_in=True)
    journey.cart = {catalogue.popular_product(rng): 1}
    yield journey.step("page_view", catalogue.CART)
    journey.offset_ms += rng.randrange(20, 200)
    yield journey.step("view_cart", catalogue.CART, properties={"items": 1})
    journey.offset_ms += int(rng.triangular(1_500, 8_000, 3_000))
    yield journey.step("page_view", catalogue.CHECKOUT)
    journey.offset_ms += rng.randrange(20, 200)
    yield journey.step("begin_checkout", catalogue.CHECKOUT, currency=visitor.currency)
    journey.offset_ms += int(rng.triangular(6_000, 40_000, 12_000))
    yield from _confirmed(journey)


def _confirmed(journey: Journey) -> Iterator[Step]:
    """The confirmation page, which some reload: the same order again, in new events."""
    order = purchase(journey)
    for _ in range(1 + int(journey.rng.expovariate(1.2))):
        yield journey.step("page_view", catalogue.CONFIRMATION)
        journey.offset_ms += journey.rng.randrange(20, 200)
        yield replace(order, offset_ms=journey.offset_ms)
        journey.wait(20)


def restore_tabs(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """A browser opens the tabs of yesterday again, all at once; then an ordinary visit."""
    journey = Journey(rng, visitor, is_signed_in=visitor.is_signed_in)
    for _ in range(rng.randint(4, 20)):
        product = catalogue.popular_product(rng)
        yield journey.step("page_view", product.page)
        journey.offset_ms += rng.randrange(20, 200)
        yield journey.step("view_item", product.page, product_id=product.product_id)
    journey.wait(15)
    yield from journeys.walk(journey, "product")


def click_in_rage(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """A button does not react: a dozen clicks in a few seconds, a pause, and once more."""
    journey = Journey(rng, visitor)
    product = catalogue.popular_product(rng)
    yield journey.step("page_view", product.page)
    journey.offset_ms += rng.randrange(20, 200)
    yield journey.step("view_item", product.page, product_id=product.product_id)
    for _ in range(rng.randint(1, 3)):
        journey.wait(12)
        for _ in range(rng.randint(5, 13)):
            journey.offset_ms += rng.randrange(140, 400)
            yield journey.click(product.page)
    journey.wait(20)
    yield from journeys.walk(journey, "category")


def ask_for_desktop_site(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """In the middle of the visit the agent changes: the desktop site, or the link opened in another app, and back."""
    other = person_agent(rng).text
    for number, step in enumerate(journeys.browse(rng, visitor)):
        is_changed = 4 <= number < 12
        yield replace(step, fields=step.fields | {"user_agent": other}) if is_changed else step


VISITS = {
    "back_button_storm": (0.004, back_button_storm),
    "compare_prices": (0.005, compare_prices),
    "buy_at_once": (0.004, buy_at_once),
    "restore_tabs": (0.003, restore_tabs),
    "click_in_rage": (0.004, click_in_rage),
    "ask_for_desktop_site": (0.004, ask_for_desktop_site),
}
"""Name → share of all visits of people, and what happens."""
