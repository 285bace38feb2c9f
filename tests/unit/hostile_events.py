"""Sound events of every wire format with a word that must not show up elsewhere, and values that nobody expects."""

import base64
import json
from collections.abc import Callable
from typing import Any

from clickstream.collecting.requests import Request
from tests.unit.captured import request

CANARY = "wohlgemuth"
"""A word in every event; where it shows up, text of an event does."""
NO_ADDRESS = "0.0.0.0"  # noqa: S104  a value that clients send
_PAGE = {"url": f"https://shop.example/p?utm_source=n&mail={CANARY}", "title": CANARY, "referrer": "https://a.example/"}
_SEGMENT = [
    {
        "type": "track",
        "event": "Order Completed",
        "userId": CANARY,
        "messageId": "m1",
        "timestamp": "2026-11-22T11:59:00Z",
        "properties": {"order_id": "o1", "revenue": "19.8", "products": [{"product_id": "p", "quantity": 1}]},
        "context": {
            "page": _PAGE,
            "campaign": {"source": "n"},
            "ip": "203.0.113.9",
            "consent": {"categoryPreferences": {}},
        },
    },
    {
        "type": "page",
        "anonymousId": CANARY,
        "messageId": "m2",
        "properties": dict(_PAGE),
        "sentAt": "2026-11-22T11:59:00Z",
    },
    {"type": "identify", "userId": 7, "traits": {"email": f"{CANARY}@example.com"}, "originalTimestamp": 1795345717654},
]
_AWS_WEB = [
    {
        "event_type": "_page_view",
        "event_id": "e1",
        "device_id": CANARY,
        "app_id": "shop",
        "timestamp": 1795345750004,
        "user": {"_user_id": {"value": CANARY, "set_timestamp": 1}},
        "items": [{"id": "SKU1", "quantity": 2}],
        "attributes": {
            "_session_id": "s",
            "_page_url": _PAGE["url"],
            "_latest_referrer": "https://a.example/x?y=1",
            "_page_referrer": "https://shop.example/",
            "value": 9.9,
            "_page_title": CANARY,
        },
    },
]
_DATA = {"schema": "iglu:com.acme/purchase/jsonschema/1-0-0", "data": {"order": CANARY, "total": 9.9}}
_UE = {"schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0", "data": _DATA}
_CO = {
    "schema": "iglu:x/contexts/jsonschema/1-0-0",
    "data": [{"schema": "iglu:x/client_session/jsonschema/1-0-2", "data": {}}],
}
_SNOWPLOW = [
    {
        "e": "pv",
        "eid": "e1",
        "url": _PAGE["url"],
        "page": CANARY,
        "uid": CANARY,
        "dtm": "1795345341556",
        "stm": "1795345341000",
    },
    {
        "e": "se",
        "se_ca": "shop",
        "se_ac": "add-to-basket",
        "se_la": CANARY,
        "se_va": "2",
        "sid": "s",
        "co": json.dumps(_CO),
    },
    {"e": "ue", "ue_px": base64.urlsafe_b64encode(json.dumps(_UE).encode()).decode(), "duid": CANARY},
    {
        "e": "ue",
        "ue_pr": json.dumps(_UE),
        "cx": base64.urlsafe_b64encode(json.dumps(_CO).encode()).decode().rstrip("="),
    },
    {"e": "tr", "tr_id": "o1", "tr_tt": "19.8", "tr_cu": "EUR"},
    {"e": "ti", "ti_id": "o1", "ti_sk": "SKU1", "ti_qu": "2"},
]
_CLOUD = [
    {
        "id": "1",
        "source": "/shop",
        "type": "com.shop.page_view",
        "specversion": "1.0",
        "subject": CANARY,
        "time": "2026-11-22T11:06:59.833Z",
        "data": {"url": _PAGE["url"], "user_id": CANARY, "quantity": "3"},
    },
]
_FLAT = [
    {
        "event_type": "page_view",
        "session_id": CANARY,
        "user_id": CANARY,
        "page_url": _PAGE["url"],
        "properties": {"a": 1},
    },
    {"event_type": "search", "search_term": CANARY, "consent": False, "ip_address": NO_ADDRESS, "x": [CANARY]},
]
BATCHES: dict[str, tuple[list[Any], Callable[[list[Any]], Request]]] = {
    "segment": (
        _SEGMENT,
        lambda events: request(_json({"batch": events, "sentAt": "2026-11-22T11:59:59Z"}), "/v1/batch"),
    ),
    "aws_web": (_AWS_WEB, lambda events: request(_json(events), "/collect?appId=shop&upload_timestamp=1795345751507")),
    "snowplow": (_SNOWPLOW, lambda events: request(_json({"data": events}), "/com.snowplowanalytics.snowplow/tp2")),
    "cloud_events": (_CLOUD, lambda events: request(_json(events), "/ce")),
    "flat": (_FLAT, lambda events: request(_json(events), "/v1/events")),
}
"""Per wire format: sound events, and the request that carries a list of them."""
LEAVES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    10**18,
    10**19,
    10**400,
    1.5,
    1e308,
    "",
    " ",
    "\x00",
    "é",
    "😀",
    NO_ADDRESS,
    "://",
    "?",
    "#",
    "x" * 129,
    "x" * 9_000,
    CANARY,
    "\t\n",
    "1795345717654",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+23:59",
    {},
    [],
    [[]],
    {"a": {"b": {"c": {}}}},
    {"value": None},
    {"": ""},
    "true",
    "NaN",
    "-0",
    "1e999",
    "!rejected\tnot_json\tx",
]


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")
