"""Moves values from a client's objects to the fields of our format; what does not fit a field stays where it was."""

import math
from collections.abc import Iterable
from typing import Any, TypeGuard
from urllib.parse import urlencode

from clickstream.intake.events import MAX_REVENUE

_LONGEST_ID = 128
_LONGEST_WORD = 256
LONGEST_TEXT = 8192
_LARGEST = 2**63 - 1
_ORDER = ("order_id", "orderId", "transaction_id", "transactionId")
_PRODUCT = ("product_id", "productId", "sku")
_TERM = ("search_term", "query", "searchTerm")
_CAMPAIGN = ("source", "medium", "name", "term", "content")


def pop_id(source: dict[str, Any], *names: str) -> str | int | None:
    """The first of these that can be an id: text of 1 to 128 characters, or a whole number."""
    return next((source.pop(name) for name in names if _is_id(source.get(name))), None)


def pop_text(source: dict[str, Any], *names: str, longest: int = LONGEST_TEXT) -> str | None:
    """The first of these that is a text with anything in it, and not too long."""
    for name in names:
        value = source.get(name)
        if isinstance(value, str) and 0 < len(value) <= longest:
            del source[name]
            return value
    return None


def pop_amount(source: dict[str, Any], *names: str) -> str | float | None:
    """The first of these that is a number, or the text of one."""
    return next((source.pop(name) for name in names if _is_amount(source.get(name))), None)


def pop_count(source: dict[str, Any], *names: str) -> int | None:
    """The first of these that is a whole number, also as text."""
    for name in names:
        value = source.get(name)
        count = float(value) if _is_amount(value) else math.nan
        if count.is_integer() and abs(count) < _LARGEST:
            del source[name]
            return int(count)
    return None


def commerce(source: dict[str, Any], event_type: str) -> dict[str, Any]:
    """What an event says about an order, a product or a search, taken out of `source`; None where it says nothing."""
    values = ("revenue", "total", "value") if event_type == "purchase" else ("revenue",)
    orders = (*_ORDER, "order") if event_type == "purchase" else _ORDER
    found: dict[str, Any] = {
        "order_id": pop_id(source, *orders),
        "revenue": pop_amount(source, *values),
        "currency": pop_text(source, "currency", longest=_LONGEST_WORD),
        "product_id": pop_id(source, *_PRODUCT),
        "quantity": pop_count(source, "quantity"),
    }
    if event_type == "search":
        found["search_term"] = pop_text(source, *_TERM)
    products = source.get("products")
    if found["product_id"] is None and isinstance(products, list) and len(products) == 1:
        found |= _only_product(products[0], found["quantity"])
    return found


def _only_product(product: object, quantity: int | None) -> dict[str, Any]:
    """The one product of a list; the list itself stays in the properties."""
    if not isinstance(product, dict):
        return {}
    known = dict(product)
    product_id = pop_id(known, *_PRODUCT, "id")
    return {"product_id": product_id, "quantity": pop_count(known, "quantity") if quantity is None else quantity}


def with_campaign(url: str | None, campaign: object) -> str | None:
    """The address of the page with a campaign that the client tells beside it, unless the address names one itself."""
    if not isinstance(campaign, dict) or "utm_" in (url or ""):
        return url
    said = [(_utm(name), campaign.get(name)) for name in _CAMPAIGN]
    tags = urlencode([(name, value) for name, value in said if isinstance(value, str) and value], errors="replace")
    if not tags:
        return url
    base, mark, fragment = (url or "").partition("#")
    return f"{base}{'&' if '?' in base else '?'}{tags}{mark}{fragment}"


def present(fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The fields that are there: neither None nor an empty text."""
    return {name: value for name, value in fields if value is not None and value != ""}


def _utm(name: str) -> str:
    return "utm_campaign" if name == "name" else f"utm_{name}"


def _is_id(value: object) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= _LONGEST_ID
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_amount(value: object) -> TypeGuard[str | int | float]:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return False
    return math.isfinite(number) and abs(number) < MAX_REVENUE
