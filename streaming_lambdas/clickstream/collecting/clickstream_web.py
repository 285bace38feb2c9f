"""The web SDK of Clickstream Analytics on AWS: `POST /collect`, an array of events, a checksum in the query.

The requests of a page overtake each other, so the events of one are put in order of their own time.
"""

import hashlib
from typing import Any

from clickstream.collecting.bodies import elements
from clickstream.collecting.drafts import Adapted, Draft, Found, Opened, Reject
from clickstream.collecting.event_types import event_type
from clickstream.collecting.fields import commerce, pop_count, pop_id, pop_text, present
from clickstream.enrichment import page
from clickstream.intake.events import json_object, merged
from clickstream.intake.reasons import Reason, Rejected

PATH = "/collect"
_CHECKSUM_DIGITS = 8
_LONGEST_WORD = 256
_OTHER = "not the body that its checksum was made of: it was changed or cut on the way"


def adapted(opened: Opened) -> Adapted:
    """The events of a request; all of them bad ones if its checksum is wrong. Without one, none is checked."""
    raws = [opened.body] if opened.body.lstrip()[:1] == b"{" else [bytes(raw) for raw in elements(opened.body)]
    key, stated = opened.query.get("appId", "")[:_LONGEST_WORD] or None, opened.query.get("hashCode")
    if stated and stated != hashlib.sha256(opened.body).hexdigest()[:_CHECKSUM_DIGITS]:
        return Adapted([Reject(Reason.CHECKSUM_MISMATCH, _OTHER, sent) for sent in raws], key)
    sent_at = opened.query.get("upload_timestamp", "")[:_LONGEST_WORD] or None
    return Adapted(sorted((_event(sent, key, sent_at) for sent in raws), key=_time), key)


def _time(found: Found) -> float:
    """Bad events first; any order will do for them."""
    time = found.fields.get("timestamp") if isinstance(found, Draft) else None
    return time if isinstance(time, int | float) else 0.0


def _event(sent: bytes, app_id: str | None, sent_at: str | None) -> Found:
    try:
        event = json_object(sent)
    except Rejected as rejection:
        return Reject(rejection.reason, rejection.detail, sent)
    name = event.pop("event_type", None)
    if not isinstance(name, str) or not name:
        return Reject(Reason.NOT_OF_FORMAT, "`event_type`, the name of what happened, is missing", sent)
    kind = event_type(name.removeprefix("_"))
    attributes, user = _object(event, "attributes"), _object(event, "user")
    fields = {
        "event_type": kind,
        "event_id": event.pop("event_id", None),
        "app_id": event.pop("app_id", None) or app_id,
        "session_id": attributes.pop("_session_id", None),
        "user_id": _user_id(user),
        "anonymous_id": event.pop("device_id", None),
        "timestamp": event.pop("timestamp", None),
        "sent_at": sent_at,
        **_page(attributes),
        **_commerce(attributes, event.get("items"), kind),
    }
    if kind not in (name, name.removeprefix("_")):
        event["event"] = name
    rest = event | present([("user", user or None)])
    return Draft(present(fields.items()), merged(attributes, rest), sent)


def _object(event: dict[str, Any], name: str) -> dict[str, Any]:
    """A member that should be an object; what it is instead stays in the event."""
    value = event.get(name)
    if not isinstance(value, dict):
        return {}
    del event[name]
    return value


def _user_id(user: dict[str, Any]) -> object:
    """Attributes of a user are objects with a `value`."""
    said = user.pop("_user_id", None)
    return said.get("value") if isinstance(said, dict) else said


def _page(attributes: dict[str, Any]) -> dict[str, Any]:
    """The page; the referrer is the page before, or that of the visit, which repeats itself in every event."""
    latest, before = pop_text(attributes, "_latest_referrer"), pop_text(attributes, "_page_referrer")
    if latest and before:
        attributes["_latest_referrer"] = page(latest).url
    return {
        "page_url": pop_text(attributes, "_page_url"),
        "page_title": pop_text(attributes, "_page_title"),
        "referrer": before or latest,
    }


def _commerce(attributes: dict[str, Any], items: object, kind: str) -> dict[str, Any]:
    found = commerce(attributes, kind)
    if kind == "search":
        found["search_term"] = found.get("search_term") or pop_text(attributes, "_search_term")
    if found["product_id"] is None and isinstance(items, list) and len(items) == 1 and isinstance(items[0], dict):
        item = dict(items[0])
        found["product_id"] = pop_id(item, "id", "item_id")
        found["quantity"] = found["quantity"] if found["quantity"] is not None else pop_count(item, "quantity")
    return found
