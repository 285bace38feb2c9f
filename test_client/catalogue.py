"""The shop of the simulator: its products, pages and search terms. One fixed shop, the same for every seed."""

from __future__ import annotations

import itertools
import random
from bisect import bisect
from dataclasses import dataclass

SITE = "https://shop.example.com"
SHOP = "Harbour & Pine"
_CATALOGUE_SEED = 1912
_PRODUCTS_PER_CATEGORY = 120
_ZIPF_EXPONENT = 1.05

_CATEGORIES = {
    "jackets": ("Jacket", 79),
    "boots": ("Boots", 95),
    "backpacks": ("Backpack", 64),
    "tents": ("Tent", 210),
    "lamps": ("Lamp", 29),
    "bottles": ("Bottle", 18),
    "knitwear": ("Jumper", 55),
    "socks": ("Socks", 11),
    "cookware": ("Pot", 34),
    "maps": ("Map", 13),
}
_ADJECTIVES = ("Coastal", "Alpine", "Light", "Classic", "Merino", "Dry", "Trail", "Harbour", "Nordic", "Folding")
_VARIANTS = ("Mini", "Pro", "II", "Kids", "XL", "Zero", "Plus", "Été", "Tour", "Duo", "Storm", "Pine")
TERMS = (
    "rain jacket", "hiking boots", "tent 2 person", "été", "gift card", "wool socks", "backpack 30l", "lamp usb",
    "jacket size chart", "map alps", "bottle 1l", "kids boots", "waterproof", "merino jumper", "stove", "größe 42",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the shop: path with query, and the title a browser would show."""

    path: str
    title: str

    @property
    def url(self) -> str:
        """The page's absolute address."""
        return SITE + self.path


@dataclass(frozen=True, slots=True)
class Product:
    """Something on sale; the price is in hundredths of the visitor's currency."""

    product_id: str
    name: str
    category: str
    price_cents: int
    page: Page


def _page(path: str, title: str) -> Page:
    return Page(path, f"{title} · {SHOP}")


def _product(number: int, category: str, rng: random.Random) -> Product:
    noun, typical_price = _CATEGORIES[category]
    name = f"{rng.choice(_ADJECTIVES)} {noun} {rng.choice(_VARIANTS)}"
    price_cents = max(299, round(typical_price * rng.lognormvariate(0, 0.4)) * 100 - rng.choice((1, 5, 10, 51)))
    product_id = f"HP-{number:04d}"
    slug = name.lower().replace(" ", "-").replace("é", "e")
    return Product(product_id, name, category, price_cents, _page(f"/p/{product_id.lower()}-{slug}", name))


def _all_products() -> tuple[Product, ...]:
    rng = random.Random(_CATALOGUE_SEED)  # noqa: S311 - a simulation, no secret
    names = [category for category in _CATEGORIES for _ in range(_PRODUCTS_PER_CATEGORY)]
    rng.shuffle(names)
    return tuple(_product(number, category, rng) for number, category in enumerate(names, 1))


HOME = _page("/", "Home")
CART = _page("/cart", "Your cart")
CHECKOUT = _page("/checkout", "Checkout")
CONFIRMATION = _page("/checkout/confirmation", "Thank you")
ACCOUNT = _page("/account", "Your account")
ARTICLES = (
    _page("/help/shipping", "Shipping and returns"),
    _page("/help/sizes", "Size charts"),
    _page("/about", "About us"),
    _page("/journal/packing-for-the-coast", "Packing for the coast"),
    _page("/journal/care-for-wool", "How to care for wool"),
)
CATEGORY_PAGES = tuple(_page(f"/c/{name}", name.capitalize()) for name in _CATEGORIES)
PRODUCTS = _all_products()
_POPULARITY = list(itertools.accumulate(1 / (rank + 1) ** _ZIPF_EXPONENT for rank in range(len(PRODUCTS))))


def popular_product(rng: random.Random) -> Product:
    """Draw a product; popularity falls with rank by Zipf's law."""
    return PRODUCTS[bisect(_POPULARITY, rng.random() * _POPULARITY[-1])]


def search_page(term: str) -> Page:
    """The result page of a search for ``term``."""
    return _page(f"/search?q={term.replace(' ', '+')}", f"Search: {term}")
