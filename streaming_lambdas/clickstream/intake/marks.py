"""An event that a collector could not take, in a form that the stream carries: mark, reason code, sentence, payload.

`events.parse` makes that rejection of it, so that it ends in `bad_events` with the bytes that the client sent. Whoever
forges one only makes a bad event.
"""

from clickstream.intake.reasons import Reason, Rejected

MARK = b"!rejected\t"
"""No JSON begins like this."""
_LONGEST_DETAIL = 500
_SPACED = str.maketrans("\t\r\n", "   ")
_OF_OTHERS = {
    Reason.EMPTY_RECORD,
    Reason.UNREADABLE_RECORD,
    Reason.RECORD_TOO_LARGE,
    Reason.TOO_MANY_EVENTS,
    Reason.UNREADABLE_LINE,
}
"""Reasons of whole records and of imported files: a marked event cannot have them."""
_REASONS = {reason.value.encode(): reason for reason in Reason if reason not in _OF_OTHERS}


def marked(reason: Reason, detail: str, payload: bytes) -> bytes:
    """One line that holds all of it. A line break in the payload, which JSON has between values only, becomes a space.

    The detail is one sentence without anything of the payload; 500 characters of it are kept.
    """
    sentence = detail[:_LONGEST_DETAIL].translate(_SPACED).encode(errors="replace")
    return MARK + reason.value.encode() + b"\t" + sentence + b"\t" + payload.replace(b"\n", b" ")


def rejection_in(data: bytes) -> Rejected | None:
    """The rejection that these bytes carry; None if they are no such line."""
    parts = data.split(b"\t", 3) if data.startswith(MARK) else []
    reason = _REASONS.get(parts[1]) if len(parts) == 4 else None
    if reason is None:
        return None
    return Rejected(reason, parts[2].decode(errors="replace")[:_LONGEST_DETAIL], parts[3])
