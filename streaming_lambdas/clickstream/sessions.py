"""Live session metrics: what one lane has seen of one session, updated event by event.

The state is one `session-metrics` item per (session, lane): readable by a person, small whatever the session does.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from clickstream.rows import Row
from clickstream.tables import RAW_EVENTS

MINUTES_KEPT = 3
"""Event-time minutes whose activity is remembered; older ones can no longer grow by much."""
MAX_TYPES = 50
JOURNEY_TYPES = frozenset({"search", "view_item", "view_item_list", "add_to_cart", "view_cart", "remove_from_cart"})
CHECKOUT_TYPES = frozenset({"begin_checkout", "add_payment_info", "add_shipping_info", "purchase"})


class Activity(msgspec.Struct, frozen=True):
    """What the session logic needs of one row."""

    position: str
    event_type: str
    event_time: datetime
    received_time: datetime
    page_path: str | None
    channel: str
    device_type: str
    bot_reason: str | None


class SessionState(msgspec.Struct):
    """The session so far, as this lane saw it. Times are ISO 8601 UTC text."""

    events: int = 0
    page_views: int = 0
    first_time: str = ""
    last_time: str = ""
    entry_page: str | None = None
    exit_page: str | None = None
    channel: str = "direct"
    device_type: str = "unknown"
    bot_reason: str | None = None
    event_types: dict[str, int] = {}
    minutes: dict[str, int] = {}
    """Events by event-time minute, the newest MINUTES_KEPT."""
    has_journey: bool = False
    is_converted: bool = False
    broken_rules: list[str] = []
    """Rules whose anomaly has been stored."""

    def observe(self, activity: Activity) -> None:
        """Take one event in."""
        self._observe_times(activity.event_time.isoformat())
        self._observe_page(activity)
        if self.events == 0:
            self.channel, self.device_type = activity.channel, activity.device_type
        self.events += 1
        self.bot_reason = self.bot_reason or activity.bot_reason
        kind = activity.event_type
        if kind in self.event_types or len(self.event_types) < MAX_TYPES:
            self.event_types[kind] = self.event_types.get(kind, 0) + 1
        self.has_journey = self.has_journey or kind in JOURNEY_TYPES
        self.is_converted = self.is_converted or kind == "purchase"

    def _observe_times(self, time: str) -> None:
        self.first_time = min(self.first_time or time, time)
        self.last_time = max(self.last_time, time)
        minute = time[:16]
        self.minutes[minute] = self.minutes.get(minute, 0) + 1
        while len(self.minutes) > MINUTES_KEPT:
            del self.minutes[min(self.minutes)]

    def _observe_page(self, activity: Activity) -> None:
        if activity.event_type != "page_view":
            return
        self.page_views += 1
        self.entry_page = self.entry_page or activity.page_path
        self.exit_page = activity.page_path or self.exit_page


def by_session(rows: Iterable[Row]) -> dict[str, list[Activity]]:
    """The activities of each session, in order of position. Rows without a session_id have none."""
    sessions: dict[str, list[Activity]] = {}
    for row in rows:
        if row[_SESSION] is not None:
            sessions.setdefault(row[_SESSION], []).append(Activity(*(row[index] for index in _ACTIVITY)))
    return sessions


_COLUMNS = {
    "position": "sequence_number",
    "event_type": "event_type",
    "event_time": "event_time",
    "received_time": "received_time",
    "page_path": "page_path",
    "channel": "channel",
    "device_type": "device_type",
    "bot_reason": "bot_reason",
}
_SESSION = RAW_EVENTS.schema.names.index("session_id")
_ACTIVITY = [RAW_EVENTS.schema.names.index(_COLUMNS[name]) for name in Activity.__struct_fields__]
