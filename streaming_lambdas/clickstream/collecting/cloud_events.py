"""CloudEvents over HTTP: attributes in headers (binary), or all of it in JSON (structured), one event or a batch."""

from typing import Any
from urllib.parse import unquote

import msgspec

from clickstream.collecting.bodies import elements, parts
from clickstream.collecting.drafts import Adapted, Draft, Found, Opened, Reject, sound
from clickstream.collecting.event_types import event_type
from clickstream.collecting.fields import commerce, pop_text, present
from clickstream.intake.events import fingerprint, json_object, merged
from clickstream.intake.reasons import Reason, Rejected

PATH = "/ce"
_PREFIX = "ce-"
_REQUIRED = ("id", "source", "type", "specversion")
_LONGEST_ID = 128
_NO_OBJECT = (Reason.NOT_JSON, Reason.NOT_UTF8, Reason.NOT_AN_OBJECT)
_TAKEN = ("session_id", "user_id", "anonymous_id", "app_id", "sent_at", "consent", "gpc", "dnt", "ip_address")
"""Fields of our format that the data of an event may have by their own names."""


def adapted(opened: Opened) -> Adapted:
    """The events of a request, in whichever mode it is."""
    if f"{_PREFIX}type" in opened.request.headers:
        return Adapted([_binary(opened)])
    if opened.body.lstrip()[:1] == b"[":
        return Adapted([_structured(bytes(raw)) for raw in elements(opened.body)])
    parts(opened.body)
    return Adapted([_structured(opened.body)])


def _binary(opened: Opened) -> Found:
    """Attributes in headers, data in the body; what is no JSON is kept as text."""
    headers = opened.request.headers.items()
    event: dict[str, Any] = {
        name.removeprefix(_PREFIX): unquote(sound(value)) for name, value in headers if name.startswith(_PREFIX)
    }
    text = opened.body.decode(errors="replace")
    sent = msgspec.json.encode({**event, "data": text})
    try:
        data: Any = json_object(opened.body) if opened.body else None
    except Rejected as rejection:
        if rejection.reason not in _NO_OBJECT:
            return Reject(rejection.reason, rejection.detail, sent)
        data = text
    return _event({**event, "data": data}, sent)


def _structured(sent: bytes) -> Found:
    try:
        return _event(json_object(sent), sent)
    except Rejected as rejection:
        return Reject(rejection.reason, rejection.detail, sent)


def _event(event: dict[str, Any], sent: bytes) -> Found:
    missing = [name for name in _REQUIRED if not isinstance(event.get(name), str) or not event[name]]
    if missing:
        return Reject(Reason.NOT_OF_FORMAT, f"the attribute `{missing[0]}` is missing", sent)
    kind = event_type(event["type"].rpartition(".")[2] or event["type"])
    data = event.pop("data", None)
    properties = data if isinstance(data, dict) else {} if data is None else {"data": data}
    fields = {
        "event_type": kind,
        "event_id": _identity(event["source"], event["id"]),
        "timestamp": event.pop("time", None),
        **{name: properties.pop(name, None) for name in _TAKEN},
        "page_url": pop_text(properties, "page_url", "url"),
        "page_title": pop_text(properties, "page_title", "title"),
        "referrer": pop_text(properties, "referrer"),
        "user_agent": pop_text(properties, "user_agent"),
        **commerce(properties, kind),
    }
    if fields["user_id"] is None:
        fields["user_id"] = event.pop("subject", None)
    return Draft(present(fields.items()), merged(properties, event), sent)


def _identity(source: str, given: str) -> str:
    """An id is unique among those of its source only."""
    name = f"{source}#{given}"
    return name if len(name) <= _LONGEST_ID else fingerprint(name.encode())
