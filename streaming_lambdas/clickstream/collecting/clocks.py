"""The client's clock against ours: the time of an event is corrected where its clock is known to be wrong.

A client that tells when it sent, by the clock that also timed the event, lets us see that clock's error: the arrival
less the time of sending. That also holds the way here, and the wait of clients that send again without a new stamp, so
small errors are left alone. It is rounded, so that the copies that a client sends again get the same time.
"""

from datetime import datetime, timedelta
from typing import Any

from clickstream.intake.events import instant
from clickstream.intake.reasons import Rejected

AHEAD = timedelta(minutes=5)
"""A clock that is ahead of ours by more is wrong: nothing is sent before it is sent."""
BEHIND = timedelta(hours=1)
"""A clock that seems behind by more is wrong: by less, the client may have kept and resent an old request."""
_QUANTUM = timedelta(minutes=1)
_CUT = timedelta(seconds=1)
"""Some clients cut the time of sending to whole seconds, which lies before the event then."""
ORIGINAL = "original_timestamp"
"""The property that keeps the time as the client gave it."""


def error(sent_at: Any, received: datetime) -> timedelta | None:  # noqa: ANN401  whatever the client sent
    """By how much to move this client's times, in whole minutes; None if its clock is right, or not known."""
    sent = _instant(sent_at)
    if sent is None:
        return None
    gap = received - sent
    if -AHEAD <= gap <= BEHIND:
        return None
    return round(gap / _QUANTUM) * _QUANTUM


def correct(fields: dict[str, Any], properties: dict[str, Any], received: datetime) -> dict[str, Any]:
    """The properties, with the time as the client gave it where `fields` gets another one."""
    wrong = error(fields.get("sent_at"), received)
    if wrong is None:
        return properties
    happened, sent = _instant(fields.get("timestamp")), _instant(fields.get("sent_at"))
    if happened is None or sent is None or sent < happened - _CUT:
        return properties
    try:
        corrected = happened + wrong
    except OverflowError:
        return properties
    original = {ORIGINAL: fields["timestamp"]}
    fields["timestamp"] = corrected.isoformat()
    return properties | original


def _instant(value: Any) -> datetime | None:  # noqa: ANN401  whatever the client sent
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return instant(value, "time")
    except Rejected:
        return None
