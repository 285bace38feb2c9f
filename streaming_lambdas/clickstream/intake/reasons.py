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
    INTERNAL_ERROR = "internal_error"


class Rejected(ClickstreamError):  # noqa: N818  says what happened to the data
    """This data cannot be accepted. Caught where the bad event is made; never leaves the library."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
