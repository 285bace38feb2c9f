"""Live session metrics: what one lane has seen of one session, updated event by event.

The state is one `session-metrics` item per (session, lane): its metrics readable by a person, what only the rules need
packed into one attribute, and all of it small whatever the session does.
"""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter

import msgspec

from clickstream.detection.activities import Activities, Activity, Agent, instant, milliseconds
from clickstream.detection.session_memory import Memory
from clickstream.ports import Item

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


_TIME = itemgetter(0)


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

    def observe_all(self, activities: Activities) -> None:
        """Take a batch in: what `observe` does event by event, in a fraction of the time."""
        kinds = activities.kinds
        if not self._has_room(kinds) or not self.memory.add_ids(activities.id_hashes):
            for activity in activities:
                self.observe(activity)
            return
        if self.events == 0:
            self.channel, self.device_type = (activities.value(name, 0) for name in ("channel", "device_type"))
        self.events += len(kinds)
        self._observe_types(kinds)
        self._observe_agents(activities.agents)
        times_ms = self._observe_times(activities.times_us)
        self._observe_pages(activities, kinds, times_ms)
        if "purchase" in kinds:
            self._observe_orders(activities, kinds)

    def may_step_back(self, first_us: int, last_us: int) -> bool:
        """Whether event time may run backwards by more than LONGEST_STEP_BACK_MS with events between these instants."""
        last_ms = last_us // 1000
        if self.memory.base_ms is not None:
            last_ms = max(last_ms, self.memory.base_ms + self.memory.last_ms)
        return last_ms - first_us // 1000 > LONGEST_STEP_BACK_MS

    def since_start_ms(self, time: datetime) -> int:
        """Milliseconds from the first event that arrived; negative for an earlier one."""
        time_ms = milliseconds(time)
        return time_ms - self._base_ms(time_ms)

    def _base_ms(self, time_ms: int) -> int:
        if self.memory.base_ms is None:
            self.memory.base_ms = time_ms
        return self.memory.base_ms

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

    def _has_room(self, kinds: Sequence[str]) -> bool:
        """Whether all types have a place, so that their order does not matter."""
        return len(self.event_types) + len(kinds) <= MAX_TYPES or len({*self.event_types, *kinds}) <= MAX_TYPES

    def _observe_types(self, kinds: Sequence[str]) -> None:
        counts = self.event_types
        for kind in kinds:
            counts[kind] = counts.get(kind, 0) + 1
        self.has_journey = self.has_journey or not JOURNEY_TYPES.isdisjoint(counts)
        self.has_cart = self.has_cart or not CART_TYPES.isdisjoint(counts)
        self.is_converted = self.is_converted or "purchase" in counts

    def _observe_agents(self, agents: Sequence[Agent]) -> None:
        for agent in dict.fromkeys(agents):
            if agent.bot_reason and not self.is_bot:
                self.is_bot, self.bot_reason = True, agent.bot_reason
            if agent.browser is not None:
                self.memory.add_agent(agent.browser, agent.os)

    def _observe_times(self, times_us: Sequence[int]) -> list[int]:
        """The times since the start, in milliseconds."""
        first_us, last_us = min(times_us), max(times_us)
        first_time, last_time = instant(first_us), instant(last_us)
        if self.first_time is None or first_time < self.first_time:
            self.first_time = first_time
        if self.last_time is None or last_time > self.last_time:
            self.last_time = last_time
        base_ms = self._base_ms(times_us[0] // 1000)
        times_ms = [time_us // 1000 - base_ms for time_us in times_us]
        if self.may_step_back(first_us, last_us):
            for time_ms in times_ms:
                self.memory.add_step(time_ms, LONGEST_STEP_BACK_MS)
        self.memory.last_ms = times_ms[-1]
        return times_ms

    def _observe_pages(self, activities: Activities, kinds: Sequence[str], times_ms: Sequence[int]) -> None:
        actions: list[int] = []
        views: list[tuple[int, str]] = []
        things: list[tuple[int, str]] = []
        for place, (kind, page, time_ms) in enumerate(zip(kinds, activities.pages, times_ms, strict=True)):
            if page is None:
                actions.append(time_ms)
                self.page_views += kind == "page_view"
                if (product_id := activities.value("product_id", place)) is not None:
                    things.append((time_ms, product_id))
            elif kind == "page_view":
                actions.append(time_ms)
                view = time_ms, page
                views.append(view)
                things.append(view)
            elif kind not in OPENING_TYPES:
                actions.append(time_ms)
        self.memory.add_actions(actions)
        self.memory.add_pages(things)
        if views:
            self._observe_views(views)

    def _observe_views(self, views: list[tuple[int, str]]) -> None:
        memory = self.memory
        self.page_views += len(views)
        # Of views at the same time, the one that came first is the entry, the one that came last the exit.
        entry_ms, entry_page = min(views, key=_TIME)
        if self.entry_page is None or entry_ms < memory.entry_ms:
            memory.entry_ms, self.entry_page = entry_ms, entry_page
        exit_ms, exit_page = max(reversed(views), key=_TIME)
        if self.exit_page is None or exit_ms >= memory.exit_ms:
            memory.exit_ms, self.exit_page = exit_ms, exit_page

    def _observe_orders(self, activities: Activities, kinds: Sequence[str]) -> None:
        for place, kind in enumerate(kinds):
            if kind == "purchase" and (order_id := activities.value("order_id", place)) is not None:
                self.memory.add_order(order_id, str(activities.value("revenue", place)))

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
