"""Why an event was not accepted: the reason codes that `bad_events` shows, and the exception that carries one."""

from enum import StrEnum

from clickstream.errors import ClickstreamError


class Reason(StrEnum):
    """Reason codes. They are part of the data: never rename one."""

    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    DUPLICATE_KEY = "duplicate_key"
    TOO_DEEP = "too_deep"
    TOO_LARGE = "too_large"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    INVALID_TIME = "invalid_time"
    EMPTY_RECORD = "empty_record"
    UNREADABLE_RECORD = "unreadable_record"
    RECORD_TOO_LARGE = "record_too_large"
    TOO_MANY_EVENTS = "too_many_events"
    UNREADABLE_LINE = "unreadable_line"
    """A line of imported history that its format cannot hold."""
    CHECKSUM_MISMATCH = "checksum_mismatch"
    """The body is not the one that the client made its checksum of."""
    UNREADABLE_FIELD = "unreadable_field"
    """A part that the wire format encodes (base64, JSON in a text) cannot be decoded."""
    NOT_OF_FORMAT = "not_of_format"
    """Valid JSON, and not what the wire format of its address demands."""
    OVER_LIMIT = "over_limit"
    """Longer than the collector is set to take; the stream would have taken it."""
    COLLECTOR_ERROR = "collector_error"
    """A defect of ours in the collector."""
    INTERNAL_ERROR = "internal_error"


OF_THE_COLLECTOR = frozenset(
    {
        Reason.CHECKSUM_MISMATCH,
        Reason.UNREADABLE_FIELD,
        Reason.NOT_OF_FORMAT,
        Reason.OVER_LIMIT,
        Reason.COLLECTOR_ERROR,
    }
)
"""Reasons of a request's wire format. The payload is in that format, so the parser of the stream cannot judge it."""


class Rejected(ClickstreamError):  # noqa: N818  says what happened to the data
    """This data cannot be accepted. Caught where the bad event is made; never leaves the library.

    `payload` is what `bad_events` keeps where that is not what was parsed: the event inside a marked line.
    """

    def __init__(self, reason: Reason, detail: str, payload: bytes | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.payload = payload
