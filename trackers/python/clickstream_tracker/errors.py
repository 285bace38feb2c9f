"""What can go wrong. Every message is one sentence that says what to do next."""

from __future__ import annotations


class TrackerError(Exception):
    """The base of this package's errors."""


class EventError(TrackerError):
    """An event cannot be sent as it is."""


class SendError(TrackerError):
    """The stream does not take events; what it accepted before is counted in the sender's totals."""
