"""The HTTP Tracking API that analytics.js and the libraries of Segment and RudderStack speak.

`/v1/batch` and `/v1/b` carry many events, `/v1/track` and its like one. Formats: https://segment.com/docs/connections/
"""

from typing import Any

import msgspec
from msgspec import Raw

from clickstream.collecting.answers import Refused
from clickstream.collecting.bodies import list_of, parts, value_of
from clickstream.collecting.drafts import Adapted, Draft, Found, Opened, Reject
from clickstream.collecting.event_types import event_type
from clickstream.collecting.fields import commerce, pop_text, present, with_campaign
from clickstream.intake.events import json_object, merged
from clickstream.intake.reasons import Reason, Rejected

_CALLS = {"t": "track", "p": "page", "s": "screen", "i": "identify", "g": "group", "a": "alias"}
PATHS = {f"/v1/{name}": call for pair in _CALLS.items() for name in pair for call in [pair[1]]}
"""The address of a single event tells what it is; its `type` may be missing."""
BATCH_PATHS = ("/v1/batch", "/v1/b")
_TYPES = {
    "page": "page_view",
    "screen": "screen_view",
    "identify": "identify",
    "group": "group",
    "alias": "alias",
}
_OF_DELIVERY = frozenset(["batch", "writeKey", "sentAt", "timestamp", "originalTimestamp", "receivedAt"])
"""Of the request, not of its events: they change when the same events are sent again."""
_LITTLE = 1024
"""Bytes that every request may say of all its events."""
_PAGE = ("url", "path", "search", "title", "referrer")


def adapted(opened: Opened) -> Adapted:
    """The events of a request, one or many."""
    body = parts(opened.body)
    if not isinstance(body, dict):
        detail = "the body is not a JSON object"
        return Adapted([Reject(Reason.NOT_OF_FORMAT, detail, opened.body)])
    key = value_of(body.get("writeKey"))
    write_key = key[:256] if isinstance(key, str) and key else None
    path = opened.request.path.rstrip("/")
    if path not in BATCH_PATHS and "batch" not in body:
        return Adapted([_event(Raw(opened.body), PATHS[path], {})], write_key)
    events = list_of(body["batch"]) if "batch" in body else None
    if events is None:
        return Adapted([Reject(Reason.NOT_OF_FORMAT, "`batch` is not a list of events", opened.body)], write_key)
    try:
        shared = _shared(body, opened.limits.body_bytes // max(1, len(events)))
    except Rejected as rejection:
        return Adapted([Reject(rejection.reason, rejection.detail, opened.body)], write_key)
    return Adapted([_event(raw, None, shared) for raw in events], write_key)


def _shared(body: dict[str, Raw], most: int) -> dict[str, Any]:
    """What the request says of all its events, which is copied to each: so many bytes at most.

    Raises `Refused` if it is more, `Rejected` if it cannot be read.
    """
    told = {name: raw for name, raw in body.items() if name not in _OF_DELIVERY or name == "sentAt"}
    text = msgspec.json.encode(told)
    if len(text) > max(most, _LITTLE):
        raise Refused(413, "what the request says of all its events is too long for so many: send fewer in one")
    return json_object(text)


def _event(raw: Raw, call: str | None, shared: dict[str, Any]) -> Found:
    sent = bytes(raw)
    try:
        event = {**shared, **json_object(sent)}
    except Rejected as rejection:
        return Reject(rejection.reason, rejection.detail, sent)
    call = event.pop("type", None) or call
    if call == "track":
        name = event.pop("event", None)
        if not isinstance(name, str) or not name:
            return Reject(Reason.NOT_OF_FORMAT, "a track call has no `event`, the name of what happened", sent)
        return _draft(event, event_type(name), name, sent)
    if not isinstance(call, str) or call not in _TYPES:
        return Reject(Reason.NOT_OF_FORMAT, "`type` is none of track, page, screen, identify, group, alias", sent)
    return _draft(event, _TYPES[call], None, sent)


def _draft(event: dict[str, Any], kind: str, name: str | None, sent: bytes) -> Draft:
    given = event.pop("properties", None)
    properties = given if isinstance(given, dict) else {} if given is None else {"properties": given}
    context = event.get("context")
    context = context if isinstance(context, dict) else {}
    fields = {
        "event_type": kind,
        "event_id": event.pop("messageId", None),
        "session_id": context.pop("sessionId", None),
        "user_id": event.pop("userId", None),
        "anonymous_id": event.pop("anonymousId", None),
        **_times(event),
        **_page(properties, context, is_page=kind == "page_view"),
        "user_agent": pop_text(context, "userAgent"),
        "ip_address": context.pop("ip", None),
        **commerce(properties, kind),
    }
    if name is not None and name != kind:
        event["event"] = name
    event.pop("writeKey", None)
    if isinstance(event.get("_metadata"), dict):
        event["_metadata"].pop("retryCount", None)
    rest = {key: value for key, value in event.items() if value not in (None, {}, []) and properties.get(key) != value}
    return Draft(present(fields.items()), merged(properties, rest) if rest else properties, sent)


def _times(event: dict[str, Any]) -> dict[str, Any]:
    """RudderStack calls the time of the event `originalTimestamp`."""
    original, stated = event.pop("originalTimestamp", None), event.pop("timestamp", None)
    return {"timestamp": original if original is not None else stated, "sent_at": event.pop("sentAt", None)}


def _page(properties: dict[str, Any], context: dict[str, Any], *, is_page: bool) -> dict[str, Any]:
    """The page: of a page call its properties, else the page that the context tells.

    Path and query go: the address holds them, and is the one place where personal parameters are looked for.
    """
    page = context.pop("page", None)
    page = page if isinstance(page, dict) else {}
    if is_page:
        page |= {name: properties.pop(name) for name in _PAGE if properties.get(name)}
    url = page.get("url") or f"{page.get('path') or ''}{page.get('search') or ''}"
    rest = {name: value for name, value in page.items() if name not in _PAGE}
    if rest:
        context["page"] = rest
    return {
        "page_url": with_campaign(url if isinstance(url, str) else None, context.get("campaign")),
        "page_title": page.get("title"),
        "referrer": page.get("referrer"),
    }
