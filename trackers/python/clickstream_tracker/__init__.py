"""Events of a Python program into the Kinesis stream of the clickstream lake, without slowing the program down."""

from clickstream_tracker.errors import EventError, SendError, TrackerError
from clickstream_tracker.tracker import Totals, Tracker

__all__ = ["EventError", "SendError", "Totals", "Tracker", "TrackerError"]
