"""Two days of a shop in a few rows, such that every report has a number that can be worked out by hand."""

from datetime import datetime
from decimal import Decimal

from tests.aws.small_lake import DAY, Row, at, event

HOME = {"page_path": "/", "page_title": "Home"}
DEVICE = {"anonymous_id": "d1"}
ORDER = {"page_path": "/cart", "order_id": "o1", "revenue": Decimal("10.50"), "currency": "EUR", "user_id": "u1"}
FOUND, NOT_FOUND = '{"http_status":200,"http_method":"GET"}', '{"http_status":404}'
BREAKAGE = 4
"""Days after the first one on which each hour breaks another rule."""

PEOPLE: list[Row] = [
    # One device: a purchase that is sent twice, then a second session exactly 30 minutes later.
    event("page_view", at("09:00"), "A", channel="organic_search", **HOME, **DEVICE),
    event("view_item", at("09:05"), "A", channel="internal", page_path="/p/1", **DEVICE),
    event("add_to_cart", at("09:06"), "A", channel="internal", page_path="/p/1", **DEVICE),
    event("begin_checkout", at("09:07"), "A", channel="internal", page_path="/cart", user_id="u1", **DEVICE),
    event("purchase", at("09:08"), "A", channel="internal", **ORDER, **DEVICE),
    event("purchase", at("09:08:30"), "A", channel="internal", **ORDER, **DEVICE),
    event("page_view", at("09:38:30"), "A", **HOME, **DEVICE),
    # Over midnight, and bought before it went into the cart: no step of the funnel after the second.
    event("view_item", at("23:50"), "B", device_type="mobile", page_path="/p/2"),
    event(
        "purchase", at("00:05", 1), "B",
        device_type="mobile", page_path="/cart", order_id="o2", revenue=Decimal(20), currency="USD",
    ),
    event("add_to_cart", at("00:10", 1), "B", device_type="mobile", page_path="/p/2"),
    event("view_item", at("00:11", 1), "B", device_type="mobile", page_path="/p/2"),
    # Without consent there is no identifier.
    event("page_view", at("11:00"), None, page_path="/", consent=False),
    event("purchase", at("11:05"), None, order_id="o3", revenue=Decimal(5), currency="EUR", channel="email"),
    # Late, then with a wrong clock.
    event("page_view", at("09:30"), "D", page_path="/late", received_time=at("08:00", 1), properties=NOT_FOUND),
    event("click", at("08:00", 1), "D", received_time=at("08:00", 1), time_source="received"),
]  # fmt: skip
OTHERS: list[Row] = [
    event("page_view", at("10:00"), "C", page_path="/", is_bot=True, bot_reason="crawler", properties=FOUND),
    event("page_view", at("10:01"), "C", page_path="/", is_bot=True, bot_reason="crawler", properties=FOUND),
    event("page_view", datetime(1970, 1, 1, tzinfo=DAY.tzinfo), "E", page_path="/", received_time=at("12:00")),
]
BROKEN: dict[str, list[Row]] = {
    "event_id_present": [event("click", at("00:10", BREAKAGE), event_id=None)],
    "received_time_in_partition": [event("click", at("02:10", BREAKAGE), partition="2026-11-25T01")],
    "event_time_not_ahead": [event("click", at("05:00", BREAKAGE), received_time=at("02:00", BREAKAGE))],
    "time_source_known": [event("click", at("03:10", BREAKAGE), time_source="guess")],
    "bots_have_reason": [event("click", at("04:10", BREAKAGE), is_bot=True)],
    "no_identifiers_without_consent": [event("click", at("05:10", BREAKAGE), consent=False)],
    "event_id_unique": [event("click", at(f"{hour}:10", BREAKAGE), event_id="twice") for hour in (7, 8, 10)],
    "required_columns_present": [event("click", at("14:10", BREAKAGE), channel=None)],
    "values_known": [event("click", at("15:10", BREAKAGE), device_type="fridge")],
    "position_unique": [event("click", at(f"12:{minute}", BREAKAGE), sequence_number="7") for minute in (10, 20)],
}
UNPRICED_DAY = 6
UNPRICED: list[Row] = [
    event("purchase", at("09:00", UNPRICED_DAY), "F", order_id="o4", revenue=Decimal(10), currency="EUR"),
    event("purchase", at("09:01", UNPRICED_DAY), "F", order_id="o5", revenue=Decimal(7)),
]
"""Revenue that states no currency: not ours to refuse, and not to be added to any."""
BROKEN_HOUR = {
    "event_id_unique": 8,
    "received_time_in_partition": 1,
    "position_unique": 12,
    "required_columns_present": 14,
    "values_known": 15,
}
BAD: list[Row] = [
    {"reason": "not_json", "received_time": at("09:30")},
    {"reason": "not_json", "received_time": at("09:31")},
    {"reason": "too_deep", "received_time": at("10:31")},
]
