"""A batch of a session's events is what the same events are one by one, in every order and split."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.detection.activities import Activities, Activity, by_session
from clickstream.detection.anomalies import Anomaly, broken_rules
from clickstream.detection.screening import is_harmless, take_in
from clickstream.detection.sessions import SessionState
from clickstream.intake.columns import Columns
from clickstream.intake.rows import read
from tests.simulation.records import ARRIVAL, SOURCE, encoded, record

Event = dict[str, Any]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Mobile Safari/604.1"
ON_TWO = "Mozilla/5.0 (Windows NT 10.0; iPhone) Gecko/20100101 Firefox/128.0"
KINDS = ("page_view", "view_item", "view_cart", "click", "begin_checkout", "purchase", "search", "add_to_cart")


def before_arrival(seconds: float) -> str:
    """The instant so long before the arrival."""
    return (ARRIVAL - timedelta(seconds=seconds)).isoformat()


HONEST = st.fixed_dictionaries(
    {
        "event_type": st.sampled_from(KINDS[:4]),
        "event_id": st.integers(0, 10**6).map(str),
        "timestamp": (st.integers(0, 10**9) | st.integers(0, 3)).map(lambda us: before_arrival(us / 10**6)),
    },
    optional={"page_url": st.integers(0, 40).map(lambda n: f"/{n}?utm_medium=email"), "user_agent": st.just(CHROME)},
)
ODD = st.fixed_dictionaries(
    {
        "event_type": st.sampled_from(KINDS) | st.integers(0, 60).map(lambda n: f"type{n}"),
        "event_id": st.integers(0, 300).map(str),
        "timestamp": st.integers(0, 10**6).map(lambda s: before_arrival(s / 100)),
    },
    optional={
        "page_url": st.integers(0, 200).map(lambda n: f"/{n}"),
        "user_agent": st.sampled_from([CHROME, FIREFOX, IPHONE, ON_TWO, "curl/8", None]),
        "product_id": st.integers(0, 200).map(str),
        "order_id": st.sampled_from(["o1", "o2", "o3", "o4"]),
        "revenue": st.integers(1, 3),
        "session_id": st.sampled_from(["s", "t", None]),
    },
)
EVENTS = st.lists(HONEST, max_size=25) | st.lists(ODD, max_size=25) | st.lists(HONEST | ODD, max_size=120)
BATCHES = st.lists(EVENTS, min_size=1, max_size=4)


def batches(parts: list[list[Event]], rows_per_chunk: int | None = None) -> list[dict[str, Activities]]:
    """The sessions of each part, with positions that go on from part to part."""
    found, number = [], 0
    for events in parts:
        records = [record(encoded(**{"session_id": "s"} | event), number + n) for n, event in enumerate(events, 1)]
        number += len(events)
        rows = read(records, SOURCE, None).good
        if rows_per_chunk:
            listed, rows = list(rows), Columns()
            for first in range(0, len(listed), rows_per_chunk):
                rows.add(list(zip(*listed[first : first + rows_per_chunk], strict=True)))
        found.append(by_session(rows))
    return found


def one_by_one(state: SessionState, activities: list[Activity]) -> list[Anomaly]:
    """What is found where each event is judged by itself."""
    found = []
    for activity in activities:
        state.observe(activity)
        found += broken_rules("s", state, activity)
    return found


def compare(parts: list[list[Event]], rows_per_chunk: int | None = None) -> None:
    """Assert that batches leave the same states, and find the same anomalies, as their events one by one."""
    states: dict[str, tuple[SessionState, SessionState, SessionState]] = {}
    for sessions in batches(parts, rows_per_chunk):
        for name, activities in sessions.items():
            plain, whole, judged = states.setdefault(name, (SessionState(), SessionState(), SessionState()))
            expected = one_by_one(plain, list(activities))
            whole.observe_all(activities)
            assert take_in("s", judged, activities) == expected
            whole.broken_rules = plain.broken_rules
            assert whole.item() == judged.item() == plain.item()


@settings(max_examples=250, deadline=None, database=None)
@given(BATCHES, st.sampled_from([None, 1, 7]))
def test_a_batch_is_its_events_one_by_one(parts: list[list[Event]], rows_per_chunk: int | None) -> None:
    """The same state and the same anomalies, however the events are split into batches and chunks of columns."""
    compare(parts, rows_per_chunk)


@pytest.mark.parametrize("batch", [1, 2, 20, 29, 100, 300])
@pytest.mark.parametrize(
    "event",
    [
        lambda n: {"page_url": f"/{n * n % 211}"},
        lambda n: {"event_type": f"type{n * n % 211}"},
        lambda n: {"event_type": "click", "event_id": f"e{n * n % 97}"},
        lambda n: {"page_url": f"/{n}", "timestamp": before_arrival(n % 3)},
        lambda n: {"timestamp": before_arrival(n % 5 // 4 * 8_000)},
        lambda n: {"event_type": "purchase" if n % 7 > 4 else "search", "order_id": f"{n % 5}", "revenue": n},
        lambda n: {"event_id": f"e{n % 5}"},
        lambda n: {"event_type": "click", "timestamp": before_arrival(3600 - 0.3 * n)},
        lambda n: {"event_type": "purchase" if n == 1 else "search", "timestamp": before_arrival(3600 - n)},
        lambda n: {"event_type": "purchase" if n < 5 else "search", "order_id": f"{n}"},
        lambda n: {"event_type": "begin_checkout" if n > 3 else "view_item" if n > 9 else "click"},
        lambda n: {
            "user_agent": (CHROME, CHROME, FIREFOX, IPHONE, None, "Mozilla/5.0 (Android) Firefox/1")[n // 4 % 6]
        },
        lambda n: {"event_type": "click", "user_agent": ON_TWO if n == 33 else CHROME},
    ],
)
def test_long_sessions_too(event: Callable[[int], Event], batch: int) -> None:
    """Beyond every cap, with returning pages, types, ids and orders, with ties and steps back in time."""
    events = [{"event_id": f"e{n}", "timestamp": before_arrival(3600 - 9 * n)} | event(n) for n in range(300)]
    compare([events[first : first + batch] for first in range(0, len(events), batch)])


@settings(max_examples=100, deadline=None, database=None)
@given(EVENTS, st.integers(0, 120))
def test_a_split_changes_nothing(events: list[Event], cut: int) -> None:
    """Two batches leave what one batch with the events of both leaves."""
    [together], halves = batches([events]), batches([events[:cut], events[cut:]])
    for name, activities in together.items():
        whole, parted = SessionState(), SessionState()
        whole.observe_all(activities)
        for half in halves:
            if name in half:
                parted.observe_all(half[name])
        assert whole.item() == parted.item()


@settings(max_examples=60, deadline=None, database=None)
@given(EVENTS, st.integers(0, 130))
def test_what_was_seen_is_left_out(events: list[Event], seen: int) -> None:
    """Behind a position come the events after it; the positions before, between and after the session's own too."""
    [sessions] = batches([events])
    for activities in sessions.values():
        position = f"{seen:0>130}"
        rest = activities.after(position)
        assert list(rest) == [activity for activity in activities if activity.position > position]
        assert not len(rest) or rest.last_position == list(activities)[-1].position


def test_an_ordinary_visit_is_not_judged_event_by_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages, clicks and a cart by one browser: nothing that a rule needs to look at."""
    visit = [
        {"event_type": kind, "event_id": f"e{n}", "page_url": f"/{n % 9}", "user_agent": CHROME}
        for n, kind in enumerate(KINDS[:4] * 5)
    ]
    [sessions] = batches([visit])
    monkeypatch.setattr(SessionState, "observe", None)
    state = SessionState()
    assert take_in("s", state, sessions["s"]) == []
    assert state.events == len(visit)


@pytest.mark.parametrize(
    "odd",
    [
        [{"event_id": f"e{n}"} for n in range(30)],
        [{"event_type": "purchase"}],
        [{"event_type": "begin_checkout"}],
        [{"user_agent": "curl/8"}],
        [{"user_agent": ON_TWO}],
        [{"user_agent": agent} for agent in (CHROME, FIREFOX, IPHONE, None)],
        [{"timestamp": before_arrival(3600 * hours)} for hours in (0, 3)],
    ],
)
def test_what_may_break_a_rule_is_judged_event_by_event(odd: list[Event]) -> None:
    """Each of these alone is enough."""
    [sessions] = batches([odd])
    assert not is_harmless(SessionState(), sessions["s"])
