"""Words by which somebody could be known, in every place where a client can put one."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

SENT = {
    "user_id": ["canary-user-7f3a"],
    "address": ["203.0.113.77", "203.0.113.78", "203.0.113.79"],
    "query": ["canary-token-7f3a", "canary-referrer-token-7f3a", "canary-password-7f3a"],
    "e-mail": ["canary.title@mail.example", "canary.note@mail.example", "canary.path@mail.example", "4111111111111111"],
    "request": [f"canary-{part}-7f3a" for part in ("cookie", "header", "write-key", "query", "origin", "unread")],
    "session_id": ["canary-session-7f3a"],
    "anonymous_id": ["canary-device-7f3a", "canary-visitor-7f3a"],
    "user_agent": ["canary-agent-7f3a", "canary-browser-7f3a"],
    "properties": [
        "Canary Bird-7f3a",
        "canary-note-7f3a",
        "canary-order-7f3a",
        "canary-search-7f3a",
        "canary-from-7f3a",
    ],
    "page_path": ["canary-path-7f3a"],
    "page_title": ["canary-title-7f3a"],
    "refused": ["canary-refused-7f3a", "canary-cut-7f3a", "canary-money-7f3a", "canary-format-7f3a"],
}
"""By the names that docs/security.md uses. No word is in two of them."""
PERSON = ("--user", "canary-user-7f3a", "--anonymous", "canary-device-7f3a", "--session", "canary-session-7f3a")
"""Who sent the events of the stream."""
_USER_INFO = "joe:canary-password-7f3a"
COLLECTED = {"203.0.113.78", "canary-visitor-7f3a", "canary-browser-7f3a", "canary-format-7f3a"}
"""What only the visitor of the collector sent, who is not erased."""


def lines(hour: datetime) -> list[bytes]:
    """What a person sends to the stream within an hour: visits, an order out of nowhere, and refused payloads."""
    who: dict[str, Any] = {
        "session_id": "canary-session-7f3a",
        "user_id": "canary-user-7f3a",
        "anonymous_id": "canary-device-7f3a",
        "ip_address": "203.0.113.77",
        "user_agent": "canary-agent-7f3a",
    }
    visit: dict[str, Any] = {
        "event_type": "page_view",
        "page_url": f"https://{_USER_INFO}@shop.example/canary-path-7f3a?token=canary-token-7f3a",
        "page_title": "canary-title-7f3a of canary.title@mail.example",
        "referrer": "https://friend.example/canary-from-7f3a?token=canary-referrer-token-7f3a",
        "search_term": "canary-search-7f3a",
        "name": "Canary Bird-7f3a",
        "properties": {"note": "canary-note-7f3a to canary.note@mail.example", "paid_by": ["4111111111111111"]},
    }
    profile = {"event_type": "click", "page_url": "https://shop.example/people/canary.path@mail.example"}
    # Without a device: reports then know the client by the session.
    order = {
        "event_type": "purchase",
        "anonymous_id": None,
        "order_id": "canary-order-7f3a",
        "revenue": "1.00",
        "currency": "EUR",
    }
    wrong: list[dict[str, Any]] = [
        {"event_type": "page_view", "name": "x", "page_title": {"full": "canary-refused-7f3a"}},
        {"event_type": "purchase", "revenue": "canary-money-7f3a"},
    ]
    sent = [visit, profile, order, *wrong]
    times = [(hour + timedelta(minutes=minute)).isoformat() for minute in range(len(sent))]
    events = [who | one | {"timestamp": time, "sent_at": time} for one, time in zip(sent, times, strict=True)]
    cut = f'{{"session_id": "canary-session-7f3a", "timestamp": "{times[0]}", "name": "canary-cut-7f3a'.encode()
    return [*(json.dumps(event).encode() for event in events), cut]


def written(folder: Path) -> Path:
    """Those lines as a file, of an hour that is long over."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=30)
    path = folder / "canaries.ndjson"
    path.write_bytes(b"\n".join(lines(hour)) + b"\n")
    return path


HEADERS = {
    "content-type": "application/json",
    "user-agent": "canary-browser-7f3a",
    "x-forwarded-for": "203.0.113.79",
    "cookie": "id=canary-cookie-7f3a",
    "x-customer-name": "canary-header-7f3a",
    "origin": "https://canary-origin-7f3a.example",
    "authorization": "Basic Y2FuYXJ5LXdyaXRlLWtleS03ZjNhOg==",
}
"""Of a browser; the authorization is `canary-write-key-7f3a`."""
ADDRESS = "/v1/batch?email=canary-query-7f3a"
BODY = json.dumps(
    {
        "batch": [
            {
                "type": "page",
                "anonymousId": "canary-visitor-7f3a",
                "messageId": "m1",
                "name": "Home",
                "context": {"ip": "203.0.113.78", "userAgent": "canary-browser-7f3a"},
            },
            {"type": 5, "traits": {"name": "canary-format-7f3a"}},
        ]
    }
)
UNREAD = '{"batch": [{"traits": {"name": "canary-unread-7f3a"'
"""A body that is no JSON: the request is refused."""
