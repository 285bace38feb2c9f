"""One HTTP request → the events in it, on their way to the stream, and the answer to the client. Pure.

Every event of the request is in exactly one place: among the events, as an accepted or as a bad one, or the request as
a whole is refused and the client keeps it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from clickstream.collecting import answers, bodies, clocks, consent, visitors
from clickstream.collecting.answers import Answer, Refused
from clickstream.collecting.drafts import Adapted, Draft, Found, Opened, Reject
from clickstream.collecting.keys import write_key
from clickstream.collecting.requests import Limits, Request
from clickstream.collecting.routes import Route, route
from clickstream.intake.events import fingerprint
from clickstream.intake.marks import marked
from clickstream.intake.reasons import Reason

_encode = msgspec.json.Encoder().encode
_BUCKETED_BY = ("session_id", "anonymous_id", "user_id", "event_id")
_ABSENT = (None, "")
_WITHHELD = b"(removed: the visitor refused to be identified)"


@dataclass(frozen=True)
class CollectedEvent:
    """One event for the stream."""

    payload: bytes
    """A flat event as `intake.events` takes it, or a marked one that it makes a bad event of. One line."""
    session: str
    """What the event is bucketed by: its session, else its visitor, else its own id. Never empty."""
    is_bad: bool = False
    """It goes to `bad_events`."""


@dataclass(frozen=True)
class Collected:
    """What became of a request."""

    events: Sequence[CollectedEvent]
    """All of them must be in the stream before the answer is given."""
    answer: Answer
    """A success, or a refusal, and then there are no events."""
    write_key: str | None = None
    """Which app the client says it is; no secret, and not part of any event."""


@dataclass(frozen=True)
class _Arrival:
    """What the request says of all its events."""

    request: Request
    limits: Limits
    signals: dict[str, bool] = field(default_factory=dict)
    sender: dict[str, str] = field(default_factory=dict)
    is_browser: bool = False

    @classmethod
    def of(cls, request: Request, limits: Limits) -> "_Arrival":
        browser = visitors.is_browser(request)
        return cls(request, limits, consent.signals(request), visitors.connection(request), browser)


def collect(request: Request, limits: Limits) -> Collected:
    """The events of a request and the answer. Never raises, whatever a client sends."""
    try:
        chosen = route(request)
        if request.method == "OPTIONS":
            return Collected((), answers.preflight(request, limits, chosen.methods))
        opened = _opened(request, limits, chosen)
        adapted = _adapted(opened, chosen)
        arrival = _Arrival.of(request, limits)
        events = [_event(one, arrival) for one in adapted.found]
    except Refused as refused:
        return Collected((), answers.with_cors(answers.refusal(refused), request, limits))
    bad = sum(event.is_bad for event in events)
    answer = answers.success(chosen.style, len(events) - bad, bad)
    key = write_key(request) or adapted.write_key
    return Collected(events, answers.with_cors(answer, request, limits), key)


def _opened(request: Request, limits: Limits, chosen: Route) -> Opened:
    chosen.check(request)
    if sum(len(name) + len(value) + 2 for name, value in request.query) > limits.body_bytes:
        raise bodies.too_long(limits.body_bytes)
    return Opened(request, limits, bodies.inflated(request, limits))


def _adapted(opened: Opened, chosen: Route) -> Adapted:
    """The events of the request, as its wire format holds them. Raises `Refused`."""
    try:
        adapted = chosen.adapter(opened)
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001  a defect of ours must not lose what a client sent
        return Adapted([_defect(error, opened.body)])
    if len(adapted.found) > opened.limits.events:
        raise Refused(413, f"more than {opened.limits.events} events in one request: send fewer")
    return adapted


def _event(found: Found, arrival: _Arrival) -> CollectedEvent:
    """The event for the stream: accepted, or marked as bad."""
    if isinstance(found, Draft):
        try:
            return _accepted(found, arrival)
        except Exception as error:  # noqa: BLE001  a defect of ours on one event must not hold up its neighbours
            found = _defect(error, found.sent)
    return _bad(found, is_refused=bool(arrival.signals))


def _accepted(draft: Draft, arrival: _Arrival) -> CollectedEvent:
    limit = arrival.limits.event_bytes
    fields, properties = {**draft.fields, **arrival.signals}, draft.properties
    is_refused = _hear(fields, properties)
    if len(draft.sent) > limit:
        return _bad(Reject(Reason.OVER_LIMIT, f"longer than {limit} bytes", draft.sent), is_refused=is_refused)
    if is_refused:
        fields, properties = consent.anonymous(fields), consent.without_people(properties)
    if fields.get("event_id") in _ABSENT:
        fields["event_id"] = _own_id(fields, properties, arrival, is_refused=is_refused)
    properties = clocks.correct(fields, properties, arrival.request.received_time)
    fields = visitors.located(fields, arrival.sender, is_browser=arrival.is_browser)
    if is_refused:
        fields.pop("ip_address", None)
    payload = _encode({**fields, "properties": properties} if properties else fields)
    return CollectedEvent(payload, _session(fields))


def _hear(fields: dict[str, Any], properties: dict[str, Any]) -> bool:
    """Whether the visitor refuses; the answer on consent is in its field afterwards, wherever it stood."""
    if fields.get("consent") is None and (said := consent.stated(properties)) is not None:
        fields["consent"] = said
    if consent.is_refused(fields):
        return True
    if consent.refuses(properties):
        fields["consent"] = False
        return True
    return False


def _own_id(fields: dict[str, Any], properties: dict[str, Any], arrival: _Arrival, *, is_refused: bool) -> str:
    """The id of an event without one: the same when it is sent again, with whatever time of sending."""
    said = {name: value for name, value in fields.items() if name != "sent_at"}
    if is_refused and not said.get("timestamp"):
        # Nothing tells two visitors apart any more who did the same: rather count a resend twice than lose one.
        said["received"] = arrival.request.received_time
    return fingerprint(_encode([said, properties]))


def _session(fields: dict[str, Any]) -> str:
    return next(str(fields[name]) for name in _BUCKETED_BY if fields.get(name) not in _ABSENT)


def _bad(reject: Reject, *, is_refused: bool) -> CollectedEvent:
    event = _object(reject.sent)
    hides = is_refused or (event is not None and consent.refuses(event))
    payload = _withheld(event) if hides else reject.sent
    return CollectedEvent(marked(reject.reason, reject.detail, payload), fingerprint(payload), is_bad=True)


def _defect(error: Exception, sent: bytes) -> Reject:
    """The kind of error is told and nothing more: its text may hold what the client sent."""
    return Reject(Reason.COLLECTOR_ERROR, f"a defect of this software: {type(error).__name__}", sent)


def _withheld(event: dict[str, Any] | None) -> bytes:
    """The event without what tells who somebody is. What cannot be read, or is too deep for that, is not kept."""
    try:
        return _encode(consent.without_people(event)) if event else _WITHHELD
    except RecursionError:
        return _WITHHELD


def _object(sent: bytes) -> dict[str, Any] | None:
    """The members of an event as it was sent, if it can be read at all."""
    try:
        return msgspec.json.decode(sent, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
