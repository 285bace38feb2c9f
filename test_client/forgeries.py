"""Visits that were made up: agents from a list, orders that never had a cart, amounts that change, times at random."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import islice

from test_client import catalogue, journeys
from test_client.agents import contradictory_agent, person_agent
from test_client.journeys import Journey, Step, of_product, purchase
from test_client.visitors import Visitor

_LONGEST = 120
_TYPING_MS = 8_000


def _long_visit(rng: random.Random, visitor: Visitor, at_least: int) -> Iterator[Step]:
    """An ordinary visit, drawn again until it is long enough."""
    while True:
        steps = list(islice(journeys.browse(rng, visitor), _LONGEST))
        if len(steps) >= at_least:
            yield from steps
            return


def rotate_agents(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """A program that draws another browser from its list for every event."""
    for step in _long_visit(rng, visitor, at_least=15):
        yield replace(step, fields=step.fields | {"user_agent": person_agent(rng).text})


def contradict_agent(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """A program whose agent was pieced together by somebody who did not know what browsers send."""
    agent = contradictory_agent(rng)
    for step in journeys.browse(rng, visitor):
        yield replace(step, fields=step.fields | {"user_agent": agent})


def forge_orders(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """A look at something, then order after order, without a cart or a checkout: stolen cards being tried."""
    journey = Journey(rng, visitor)
    product = catalogue.popular_product(rng)
    yield journey.step("page_view", product.page)
    yield journey.step("view_item", product.page, **of_product(product))
    for _ in range(rng.randint(4, 14)):
        journey.offset_ms += _TYPING_MS
        journey.wait(9)
        journey.cart = {product: 1}
        yield purchase(journey)


def change_amounts(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """An order that is sent again and again, each time at another price."""
    journey = Journey(rng, visitor, is_signed_in=True)
    journey.cart = {catalogue.popular_product(rng): 1}
    yield journey.step("page_view", catalogue.CART)
    yield journey.step("view_cart", catalogue.CART, properties={"items": 1})
    journey.wait(30)
    yield journey.step("begin_checkout", catalogue.CHECKOUT, currency=visitor.currency)
    order = purchase(journey)
    for _ in range(rng.randint(4, 9)):
        journey.wait(25)
        amount = Decimal(rng.randrange(1, 40_000)).scaleb(-2)
        yield replace(order, offset_ms=journey.offset_ms, fields=order.fields | {"revenue": amount})


def draw_times(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """An ordinary visit by its events; the tracker gives each a time at random out of several days."""
    yield from _long_visit(rng, visitor, at_least=20)


def replay(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """A visit that somebody recorded; the tracker sends it again, many times over."""
    yield from _long_visit(rng, visitor, at_least=10)
