"""Our own format: flat events as JSON lines, as an array, or one alone, as `clickstream.intake.events` takes them."""

from typing import Any

import msgspec

from clickstream.collecting.answers import Refused
from clickstream.collecting.bodies import elements
from clickstream.collecting.drafts import Adapted, Draft, Found, Opened, Reject
from clickstream.intake.events import KNOWN_FIELDS, json_object, merged
from clickstream.intake.reasons import Reason, Rejected

PATH = "/v1/events"
_NO_JSON = (Reason.NOT_JSON, Reason.NOT_UTF8)


def adapted(opened: Opened) -> Adapted:
    """The events of a request. Raises `Refused` if nothing in it is JSON."""
    found = [_event(sent) for sent in _events(opened.body)]
    if all(isinstance(one, Reject) and one.reason in _NO_JSON for one in found):
        raise Refused(400, "nothing in the body is JSON: send one event a line")
    return Adapted(found)


def _events(body: bytes) -> list[bytes]:
    """The events as sent: the elements of an array, else the lines, else the whole if that is one object."""
    if body.lstrip()[:1] == b"[":
        return [bytes(raw) for raw in elements(body)]
    lines = [line for line in body.split(b"\n") if line.strip()]
    if not lines:
        raise Refused(400, "the body is empty")
    return [body] if len(lines) > 1 and _is_json(body) else lines


def _is_json(body: bytes) -> bool:
    """Whether it is one JSON value, written over several lines."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True


def _event(sent: bytes) -> Found:
    try:
        fields = json_object(sent)
    except Rejected as rejection:
        return Reject(rejection.reason, rejection.detail, sent)
    properties: Any = fields.pop("properties", None)
    unknown = {name: fields.pop(name) for name in [name for name in fields if name not in KNOWN_FIELDS]}
    if properties is not None and not isinstance(properties, dict):
        fields["properties"] = properties
        properties = None
    return Draft(fields, merged(properties or {}, unknown) if unknown else properties or {}, sent)
