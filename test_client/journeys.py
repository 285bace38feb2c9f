"""How a person moves through the shop: a Markov chain over pages, with what is done on each page.

The event types of the simulator are those of ``EVENT_TYPES``: a page of any kind sends ``page_view``, a product page
also ``view_item``, the cart page also ``view_cart``, a result page also ``search``; the rest are actions.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import accumulate
from typing import Any

from test_client import catalogue
from test_client.catalogue import Page, Product
from test_client.visitors import Visitor

EVENT_TYPES = (
    "page_view", "click", "scroll", "search", "view_item", "add_to_cart", "remove_from_cart", "view_cart",
    "begin_checkout", "purchase", "login",
)  # fmt: skip

# From a page to the next one, in percent; what is missing to 100 leaves the shop.
_NEXT = {
    "home": {"category": 38, "product": 20, "search": 15, "article": 6, "account": 3},
    "category": {"product": 62, "category": 16, "search": 6, "home": 4},
    "search": {"product": 64, "search": 13, "category": 6},
    "product": {"product": 33, "category": 18, "cart": 14, "search": 8, "home": 5},
    "article": {"category": 22, "home": 18, "article": 12, "product": 12},
    "account": {"category": 30, "home": 20, "cart": 8},
    "cart": {"checkout": 42, "product": 22, "category": 12},
    "checkout": {"confirmation": 66, "cart": 10, "product": 4},
    "confirmation": {"home": 15, "account": 10},
}
_CHOICES = {page: (tuple(row), list(accumulate(row.values()))) for page, row in _NEXT.items()}
_LANDINGS = ("home", "product", "category", "article", "search")
_LANDING_SHARES = (40, 29, 18, 9, 4)
_LONGEST_VISIT_MS = 50 * 60_000
_MEAN_CLICKS = {"home": 1.1, "category": 1.5, "search": 1.1, "product": 1.8, "article": 0.5}
_SCROLL_CHANCE = 0.55
_CART_CHANCE = 0.12
_HECTIC_CHANCE = 0.0012
_SHOPS_ON_CHANCE = 0.85
_CLICK_TARGETS = ("a.nav", "img.hero", "div.card", "button.size", "button.colour", "a.review", "svg.zoom", "a.footer")


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a visit: milliseconds since the visit began, type, page, and fields of this type only."""

    offset_ms: int
    event_type: str
    page: Page
    fields: dict[str, Any]


@dataclass(slots=True)
class Journey:
    """A walk through the shop in progress: the time since its start, the cart, the product looked at."""

    rng: random.Random
    visitor: Visitor
    offset_ms: int = 0
    is_signed_in: bool = False
    product: Product | None = None
    cart: dict[Product, int] = field(default_factory=dict)

    def step(self, event_type: str, page: Page, **fields: Any) -> Step:  # noqa: ANN401 - values of a JSON object
        """Make an event at the present moment."""
        return Step(self.offset_ms, event_type, page, fields)

    def wait(self, median_s: float, spread: float = 0.7) -> None:
        """Let a human pause pass; log-normal, scaled by the visitor's pace, at least 60 ms."""
        pause_s = median_s * self.rng.lognormvariate(0, spread) * self.visitor.pace
        self.offset_ms += max(60, int(pause_s * 1000))

    def click(self, page: Page) -> Step:
        """Click somewhere on the page."""
        rng = self.rng
        place = {"element": rng.choice(_CLICK_TARGETS), "x": int(rng.random() * 1900), "y": int(rng.random() * 3000)}
        return self.step("click", page, properties=place)


def money(cents: int) -> Decimal:
    """Turn hundredths into an amount with exactly two decimals."""
    return Decimal(cents).scaleb(-2)


def of_product(product: Product, quantity: int = 1) -> dict[str, Any]:
    """What an event says about a product and how many of it."""
    properties = {"price": money(product.price_cents), "category": product.category}
    return {"product_id": product.product_id, "quantity": quantity, "properties": properties}


def _look_around(journey: Journey, kind: str, page: Page) -> Iterator[Step]:
    """Scroll and click on a page, then pause before the next one."""
    rng = journey.rng
    if rng.random() < _SCROLL_CHANCE:
        journey.wait(5)
        yield journey.step("scroll", page, properties={"depth_percent": rng.choice((25, 50, 75, 90, 100))})
    for _ in range(int(rng.expovariate(1 / _MEAN_CLICKS.get(kind, 0.4)) + 0.4)):
        journey.wait(4.5)
        yield journey.click(page)
    journey.wait(9, 0.9)


def _hectic_minute(journey: Journey, page: Page) -> Iterator[Step]:
    """Click through a picture gallery as fast as an impatient person can."""
    clicks = int(journey.rng.triangular(12, 40, 20))
    for _ in range(clicks):
        journey.offset_ms += int(1000 * max(0.35, journey.rng.gauss(1.5, 0.4)))
        yield journey.click(page)


def _product(journey: Journey) -> Iterator[Step]:
    rng = journey.rng
    journey.product = product = catalogue.popular_product(rng)
    yield journey.step("page_view", product.page)
    journey.offset_ms += rng.randrange(20, 200)
    yield journey.step("view_item", product.page, **of_product(product))
    if rng.random() < _HECTIC_CHANCE:
        yield from _hectic_minute(journey, product.page)
    yield from _look_around(journey, "product", product.page)
    if rng.random() < _CART_CHANCE:
        quantity = rng.choices((1, 2, 3), (80, 15, 5))[0]
        journey.cart[product] = journey.cart.get(product, 0) + quantity
        yield journey.step(
            "add_to_cart", product.page, currency=journey.visitor.currency, **of_product(product, quantity)
        )
        journey.wait(6)


def _search(journey: Journey) -> Iterator[Step]:
    term = journey.rng.choice(catalogue.TERMS)
    page = catalogue.search_page(term)
    yield journey.step("page_view", page)
    journey.offset_ms += journey.rng.randrange(20, 400)
    yield journey.step("search", page, search_term=term, properties={"results": int(journey.rng.expovariate(1 / 40))})
    yield from _look_around(journey, "search", page)


def _cart(journey: Journey) -> Iterator[Step]:
    yield journey.step("page_view", catalogue.CART)
    journey.offset_ms += journey.rng.randrange(20, 200)
    yield journey.step("view_cart", catalogue.CART, properties={"items": sum(journey.cart.values())})
    yield from _look_around(journey, "cart", catalogue.CART)
    if len(journey.cart) > 1 and journey.rng.random() < 0.12:
        product, quantity = journey.cart.popitem()
        yield journey.step("remove_from_cart", catalogue.CART, **of_product(product, quantity))
        journey.wait(5)


def _checkout(journey: Journey) -> Iterator[Step]:
    yield journey.step("page_view", catalogue.CHECKOUT)
    journey.offset_ms += journey.rng.randrange(20, 200)
    yield journey.step("begin_checkout", catalogue.CHECKOUT, currency=journey.visitor.currency)
    journey.wait(35)
    if journey.visitor.user_id and not journey.is_signed_in:
        journey.is_signed_in = True
        yield journey.step("login", catalogue.CHECKOUT, properties={"method": "password"})
        journey.wait(20)


def purchase(journey: Journey) -> Step:
    """Buy what is in the cart; the event names the first product and the whole amount."""
    items = [
        {"product_id": product.product_id, "quantity": quantity, "price": money(product.price_cents)}
        for product, quantity in journey.cart.items()
    ]
    fields = {
        "order_id": f"o-{journey.rng.getrandbits(40):010x}",
        "revenue": money(sum(product.price_cents * quantity for product, quantity in journey.cart.items())),
        "currency": journey.visitor.currency,
        "product_id": items[0]["product_id"],
        "quantity": sum(journey.cart.values()),
        "properties": {"items": items},
    }
    return journey.step("purchase", catalogue.CONFIRMATION, **fields)


def _confirmation(journey: Journey) -> Iterator[Step]:
    yield journey.step("page_view", catalogue.CONFIRMATION)
    journey.offset_ms += journey.rng.randrange(20, 200)
    yield purchase(journey)
    journey.cart.clear()
    yield from _look_around(journey, "confirmation", catalogue.CONFIRMATION)


def _plain(journey: Journey, kind: str) -> Iterator[Step]:
    pages = {"home": (catalogue.HOME,), "account": (catalogue.ACCOUNT,), "article": catalogue.ARTICLES}
    page = journey.rng.choice(pages.get(kind, catalogue.CATEGORY_PAGES))
    yield journey.step("page_view", page)
    yield from _look_around(journey, kind, page)


_PAGES = {
    "product": _product, "search": _search, "cart": _cart, "checkout": _checkout, "confirmation": _confirmation,
}  # fmt: skip


def _next_page(journey: Journey, kind: str) -> str | None:
    names, shares = _CHOICES[kind]
    place = bisect(shares, journey.rng.random() * 100)
    if place == len(names):
        return None
    chosen = names[place]
    # Nobody checks out an empty cart, and few look at one: that person shops on.
    if not journey.cart and (chosen == "checkout" or (chosen == "cart" and journey.rng.random() < _SHOPS_ON_CHANCE)):
        return "product"
    return chosen


def walk(journey: Journey, kind: str) -> Iterator[Step]:
    """Walk from a page of ``kind`` until the person leaves the shop."""
    page: str | None = kind
    while page and journey.offset_ms < _LONGEST_VISIT_MS:
        visit = _PAGES.get(page)
        yield from visit(journey) if visit else _plain(journey, page)
        page = _next_page(journey, page)


def browse(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """An ordinary visit."""
    journey = Journey(rng, visitor, is_signed_in=visitor.is_signed_in)
    yield from walk(journey, rng.choices(_LANDINGS, _LANDING_SHARES)[0])


def return_to_cart(rng: random.Random, visitor: Visitor) -> Iterator[Step]:
    """A person comes back to the cart saved in an earlier visit, and often buys."""
    journey = Journey(rng, visitor, is_signed_in=visitor.is_signed_in)
    journey.cart = {catalogue.popular_product(rng): 1 for _ in range(rng.randint(1, 3))}
    yield from walk(journey, "cart")
