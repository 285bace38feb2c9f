"""The protocol of Snowplow's trackers: `POST /com.snowplowanalytics.snowplow/tp2`, or `GET /i` with the same names.

Every value is a text. Objects travel as JSON in a text, or as base64 of that. https://docs.snowplow.io (tracker
protocol) names the parameters.
"""

from typing import Any

import msgspec
from msgspec import Raw
from pybase64 import b64decode

from clickstream.collecting.bodies import list_of, parts
from clickstream.collecting.drafts import Adapted, Draft, Found, Opened, Reject
from clickstream.collecting.event_types import event_type
from clickstream.collecting.fields import commerce, present
from clickstream.collecting.snowplow_schemas import Described, described, name_of
from clickstream.intake.events import json_object, merged
from clickstream.intake.reasons import Reason, Rejected

POST_PATH = "/com.snowplowanalytics.snowplow/tp2"
GET_PATH = "/i"
_TYPES = {"pv": "page_view", "pp": "page_ping", "tr": "purchase", "ti": "transaction_item", "se": "", "ue": ""}
"""By `e`; a structured or self-describing event is named by what it holds."""
_FIELDS = {
    "eid": "event_id",
    "aid": "app_id",
    "sid": "session_id",
    "uid": "user_id",
    "sent_at": "sent_at",
    "url": "page_url",
    "page": "page_title",
    "refr": "referrer",
    "ua": "user_agent",
    "ip": "ip_address",
    "tr_id": "order_id",
    "ti_id": "order_id",
    "tr_tt": "revenue",
    "tr_cu": "currency",
    "ti_cu": "currency",
    "ti_sk": "product_id",
}
_ENCODED = {"ue_px": "event", "cx": "contexts"}
_JSON = {"ue_pr": "event", "co": "contexts"}
_STRUCTURED = {"se_ca": "category", "se_la": "label", "se_pr": "property", "se_va": "value"}


def adapted(opened: Opened) -> Adapted:
    """The events of a request: the query of a GET is one."""
    is_get = opened.request.method == "GET"
    found = [_event(msgspec.json.encode(opened.query))] if is_get else _posted(opened.body)
    key = next((one.fields["app_id"] for one in found if isinstance(one, Draft) and "app_id" in one.fields), None)
    return Adapted(found, key)


def _posted(body: bytes) -> list[Found]:
    opened = parts(body)
    events = list_of(opened.get("data") or Raw(b"null")) if isinstance(opened, dict) else None
    if events is None:
        return [Reject(Reason.NOT_OF_FORMAT, "`data` is not a list of events", body)]
    return [_event(bytes(raw)) for raw in events]


def _event(sent: bytes) -> Found:
    try:
        values = json_object(sent)
        stated = values.pop("e", None)
        if not isinstance(stated, str) or stated not in _TYPES:
            return Reject(Reason.NOT_OF_FORMAT, "`e` is none of pv, pp, se, ue, tr, ti", sent)
        event, contexts = _object(values, "event"), _object(values, "contexts")
    except Rejected as rejection:
        return Reject(rejection.reason, rejection.detail, sent)
    what = described(event, contexts)
    kind, more = _named(stated, values, what)
    if not kind:
        return Reject(Reason.NOT_OF_FORMAT, "the event has no name: `se_ac`, or the schema of the object sent", sent)
    values.setdefault("sid", what.session.get("sessionId"))
    values.setdefault("duid", what.session.get("userId"))
    return _draft(values, kind, what.properties | more, sent)


def _named(stated: str, values: dict[str, Any], what: Described) -> tuple[str, dict[str, Any]]:
    """The type of the event, and what of its name goes to the properties."""
    if stated == "se":
        action = values.pop("se_ac", None)
        more = {name: values.pop(key) for key, name in _STRUCTURED.items() if key in values}
        kind = event_type(action) if isinstance(action, str) else ""
        return kind, more if kind == action else more | {"action": action}
    if stated == "ue":
        kind = event_type(what.action or name_of(what.schema))
        return kind, {"event_schema": what.schema}
    return _TYPES[stated], {}


def _draft(values: dict[str, Any], kind: str, properties: dict[str, Any], sent: bytes) -> Draft:
    fields = {"event_type": kind, "timestamp": _time(values), "sent_at": values.pop("stm", None)}
    fields["anonymous_id"] = next((values.pop(name) for name in ("duid", "nuid", "tnuid") if values.get(name)), None)
    fields |= {name: values.pop(key) for key, name in _FIELDS.items() if values.get(key) not in (None, "")}
    if kind == "transaction_item":
        fields["quantity"] = _whole(values.pop("ti_qu", None))
    for name, value in commerce(properties, kind).items():
        if fields.get(name) is None:
            fields[name] = value
        elif value is not None:
            properties[name] = value
    rest = present(values.items())
    return Draft(present(fields.items()), merged(properties, rest), sent)


def _time(values: dict[str, Any]) -> object:
    """When it happened: what the app said, else the time of the device."""
    true, device = values.pop("ttm", None), values.get("dtm")
    if true is None:
        values.pop("dtm", None)
    return true if true is not None else device


def _whole(text: object) -> object:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 10 else text


def _object(values: dict[str, Any], which: str) -> dict[str, Any]:
    """The object in a parameter, of which there is a plain and an encoded form. Raises `Rejected`."""
    for names, decode in ((_JSON, _plain), (_ENCODED, _decoded)):
        name = next(name for name, meaning in names.items() if meaning == which)
        text = values.pop(name, None)
        if text not in (None, ""):
            return _read(decode(text, name), name)
    return {}


def _read(data: bytes, name: str) -> dict[str, Any]:
    try:
        return json_object(data)
    except Rejected as rejection:
        raise Rejected(Reason.UNREADABLE_FIELD, f"`{name}`: {rejection.detail}") from rejection


def _plain(text: object, name: str) -> bytes:
    if not isinstance(text, str):
        raise Rejected(Reason.UNREADABLE_FIELD, f"`{name}` is not a text")
    return text.encode(errors="replace")


def _decoded(text: object, name: str) -> bytes:
    """Base64 for addresses, with its padding or without."""
    plain = _plain(text, name).translate(_TO_URL_SAFE).rstrip(b"=")
    try:
        return b64decode(plain + b"=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise Rejected(Reason.UNREADABLE_FIELD, f"`{name}` is not base64") from error


_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
