"""Live session metrics: what one lane has seen of one session, updated event by event.

The state is one `session-metrics` item per (session, lane): its metrics readable by a person, what only the rules need
packed into one attribute, and all of it small whatever the session does.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from clickstream.detection.session_memory import Memory
from clickstream.intake.columns import Columns, Row
from clickstream.ports import Item
from clickstream.tables import RAW_EVENTS

MAX_TYPES = 50
LONGEST_STEP_BACK_MS = 2 * 60 * 60 * 1000
"""Event time that runs further back than this is no disagreement between two tabs or networks."""
JOURNEY_TYPES = frozenset({"search", "view_item", "view_item_list", "add_to_cart", "view_cart", "remove_from_cart"})
OPENING_TYPES = frozenset({"search", "view_item", "view_item_list", "view_cart"})
"""What a page sends by itself when it opens, beside its page view: twenty restored tabs are not forty actions."""
CART_TYPES = frozenset({"add_to_cart", "view_cart", "begin_checkout", "add_payment_info", "add_shipping_info"})
CHECKOUT_TYPES = frozenset({"begin_checkout", "add_payment_info", "add_shipping_info", "purchase"})
PACKED = "packed"
"""Attribute of the item that holds the memory of the rules (MessagePack)."""


class Activity(msgspec.Struct, frozen=True, gc=False):
    """What the session logic needs of one row."""

    position: str
    event_id: str
    event_type: str
    event_time: datetime
    received_time: datetime
    page_path: str | None
    channel: str
    device_type: str
    user_agent: str | None
    browser: str | None
    os: str | None
    bot_reason: str | None
    order_id: str | None
    revenue: object
    product_id: str | None


class SessionState(msgspec.Struct):
    """The session so far, as this lane saw it. Times are UTC; resends count as the events that landed."""

    events: int = 0
    page_views: int = 0
    first_time: datetime | None = None
    last_time: datetime | None = None
    entry_page: str | None = None
    """Page of the first page view by event time."""
    exit_page: str | None = None
    channel: str = "direct"
    """How the session began."""
    device_type: str = "unknown"
    is_bot: bool = False
    bot_reason: str | None = None
    event_types: dict[str, int] = {}
    has_journey: bool = False
    has_cart: bool = False
    """Whether a cart or the steps of a checkout were seen."""
    is_converted: bool = False
    broken_rules: list[str] = []
    """Rules whose anomaly has been stored."""
    memory: Memory = msgspec.field(default_factory=Memory)

    def observe(self, activity: Activity) -> None:
        """Take one event in."""
        time_ms = self._observe_time(activity.event_time)
        if self.events == 0:
            self.channel, self.device_type = activity.channel, activity.device_type
        self.events += 1
        if activity.bot_reason and not self.is_bot:
            self.is_bot, self.bot_reason = True, activity.bot_reason
        self._observe_type(activity.event_type)
        if activity.event_type == "page_view":
            self._observe_page(activity.page_path, time_ms)
        if not self.memory.is_repeat(activity.event_id):
            self._remember(activity, time_ms)

    def since_start_ms(self, time: datetime) -> int:
        """Milliseconds from the first event that arrived; negative for an earlier one."""
        time_ms = round(time.timestamp() * 1000)
        if self.memory.base_ms is None:
            self.memory.base_ms = time_ms
        return time_ms - self.memory.base_ms

    def _observe_time(self, time: datetime) -> int:
        if self.first_time is None or time < self.first_time:
            self.first_time = time
        if self.last_time is None or time > self.last_time:
            self.last_time = time
        return self.since_start_ms(time)

    def _observe_type(self, kind: str) -> None:
        if kind in self.event_types or len(self.event_types) < MAX_TYPES:
            self.event_types[kind] = self.event_types.get(kind, 0) + 1
        self.has_journey = self.has_journey or kind in JOURNEY_TYPES
        self.has_cart = self.has_cart or kind in CART_TYPES
        self.is_converted = self.is_converted or kind == "purchase"

    def _observe_page(self, page: str | None, time_ms: int) -> None:
        self.page_views += 1
        if page is None:
            return
        memory = self.memory
        if self.entry_page is None or time_ms < memory.entry_ms:
            self.entry_page, memory.entry_ms = page, time_ms
        if self.exit_page is None or time_ms >= memory.exit_ms:
            self.exit_page, memory.exit_ms = page, time_ms

    def _remember(self, activity: Activity, time_ms: int) -> None:
        """What the rules look back on; an event that came before adds nothing to it."""
        memory = self.memory
        memory.add_step(time_ms, LONGEST_STEP_BACK_MS)
        if activity.page_path is None or activity.event_type not in OPENING_TYPES:
            memory.add_action(time_ms)
        # Where there are no pages, as in an app, products stand for them.
        thing = activity.page_path if activity.event_type == "page_view" else None
        if thing is None and activity.page_path is None:
            thing = activity.product_id
        if thing is not None:
            memory.add_page(thing, time_ms)
        if activity.browser is not None:
            memory.add_agent(activity.browser, activity.os)
        if activity.event_type == "purchase" and activity.order_id is not None:
            memory.add_order(activity.order_id, str(activity.revenue))

    def item(self) -> Item:
        """The attributes of the session's page, without its key and guard."""
        item: Item = msgspec.to_builtins(self)
        item[PACKED] = _encode(self.memory)
        del item["memory"]
        return item


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Memory).decode


def restored(item: Item) -> SessionState:
    """The state that was stored as this page."""
    state = msgspec.convert(item, SessionState)
    state.memory = _decode(item[PACKED])
    return state


def merged(pages: Iterable[Item]) -> SessionState:
    """One session over all its lanes: after a reshard it goes on in another one. For readers; the rules use one lane.

    Numbers are sums. Entry page, channel and device are those of the page whose events began first, the exit page that
    of the one whose events ended last. What only the rules need is left out. Raises ValueError if there is no page.
    """
    states = [restored(page) for page in pages]
    if not states:
        raise ValueError("a session has at least one page")
    states.sort(key=lambda state: state.first_time or _NEVER)
    ending = max(states, key=lambda state: state.last_time or _NEVER)
    bot_reason = _first(states, "bot_reason")
    return SessionState(
        events=sum(state.events for state in states),
        page_views=sum(state.page_views for state in states),
        first_time=states[0].first_time,
        last_time=ending.last_time,
        entry_page=_first(states, "entry_page"),
        exit_page=ending.exit_page or _first(states[::-1], "exit_page"),
        channel=states[0].channel,
        device_type=states[0].device_type,
        is_bot=bot_reason is not None,
        bot_reason=bot_reason,
        event_types=_summed(state.event_types for state in states),
        has_journey=any(state.has_journey for state in states),
        has_cart=any(state.has_cart for state in states),
        is_converted=any(state.is_converted for state in states),
        broken_rules=list(dict.fromkeys(rule for state in states for rule in state.broken_rules)),
    )


_NEVER = datetime.max.replace(tzinfo=UTC)


def _first(states: Sequence[SessionState], name: str) -> Any:  # noqa: ANN401  the type of the field
    return next((value for state in states if (value := getattr(state, name)) is not None), None)


def _summed(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        for kind, count in each.items():
            total[kind] = total.get(kind, 0) + count
    return total


def by_session(rows: Iterable[Row]) -> dict[str, list[Activity]]:
    """The activities of each session, in order of position. Rows without a session_id have none."""
    sessions: defaultdict[str | None, list[Activity]] = defaultdict(list)
    for chunk in Columns.of(rows).chunks:
        activities = map(Activity, *(chunk[place] for place in _PLACES))
        for session_id, activity in zip(chunk[_SESSION], activities, strict=True):
            sessions[session_id].append(activity)
    return {session_id: activities for session_id, activities in sessions.items() if session_id is not None}


_SESSION = RAW_EVENTS.schema.names.index("session_id")
_PLACES = [
    RAW_EVENTS.schema.names.index("sequence_number" if name == "position" else name)
    for name in Activity.__struct_fields__
]
