"""Names of events in other formats → the types that reports, counters and rules know. Any other name stays as it is."""

import re

_SEPARATORS = re.compile(r"[\s_\-.]+")
_BY_WORDS = {
    "page view": "page_view",
    "page viewed": "page_view",
    "viewed page": "page_view",
    "screen view": "screen_view",
    "screen viewed": "screen_view",
    "product viewed": "view_item",
    "product view": "view_item",
    "view product": "view_item",
    "product list viewed": "view_item_list",
    "product list filtered": "view_item_list",
    "list view": "view_item_list",
    "product added": "add_to_cart",
    "add to cart": "add_to_cart",
    "add to basket": "add_to_cart",
    "product removed": "remove_from_cart",
    "remove from cart": "remove_from_cart",
    "remove from basket": "remove_from_cart",
    "cart viewed": "view_cart",
    "basket viewed": "view_cart",
    "checkout started": "begin_checkout",
    "payment info entered": "add_payment_info",
    "shipping info entered": "add_shipping_info",
    "order completed": "purchase",
    "transaction": "purchase",
    "order refunded": "refund",
    "products searched": "search",
    "site search": "search",
    "link click": "click",
    "link clicked": "click",
    "button click": "click",
    "signed in": "login",
    "signed up": "sign_up",
}
"""Names in lower case, their words parted by single spaces."""


def event_type(name: str) -> str:
    """The type of an event of this name: `Order Completed` and `order_completed` are both a `purchase`."""
    words = _SEPARATORS.sub(" ", name.strip()).lower()
    return _BY_WORDS.get(words, name)
