"""The features of sessions against plain Python on generated lakes."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from statistics import fmean, pstdev
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.statement_lake import StatementLake
from tests.unit.statement_rows import END, FEW, START, ZONES, Rows, events

BURSTS = st.one_of(events(step_minutes=1, first_hour=0, last_hour=1), events())


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StatementLake]:
    """The engine of the local Athena."""
    opened = StatementLake(tmp_path_factory.mktemp("features"))
    yield opened
    opened.close()


def features(rows: Rows, zone: str) -> dict[str, Any]:
    """What the statement should say of the events of one session."""
    times = sorted(row["event_time"] for row in rows)
    types = Counter(row["event_type"] for row in rows)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    mean = fmean(gaps) if gaps else None
    begun = times[0].astimezone(ZoneInfo(zone))
    return {
        "start_time": times[0].replace(tzinfo=None),
        "local_date": begun.date(),
        "local_hour": begun.hour,
        "duration_s": (times[-1] - times[0]).total_seconds(),
        "events": len(rows),
        "busiest_minute_events": max(Counter(times).values()),
        "page_views": types["page_view"],
        "pages": len({row["page_path"] for row in rows} - {None}),
        "products": 0,
        "searches": 0,
        "cart_adds": 0,
        "checkouts": 0,
        "purchases": types["purchase"],
        "agents": 0,
        "mean_gap_s": pytest.approx(mean),
        "gap_variation": pytest.approx(pstdev(gaps) / mean) if mean else None,
        "is_bot": any(row["is_bot"] for row in rows),
    }


@FEW
@given(rows=BURSTS, zone=ZONES)
def test_features(engine: StatementLake, rows: Rows, zone: str) -> None:
    """Every session of the producer once, an app without a name too; whoever has no session_id belongs to none."""
    sessions: defaultdict[Any, Rows] = defaultdict(list)
    for row in rows:
        if START <= row["event_time"] < END and row["session_id"]:
            sessions[row["app_id"], row["session_id"]].append(row)
    answer = engine.ask("session_features", events=rows, start=START, end=END, time_zone=zone)
    found = {(row.pop("app_id"), row.pop("session_id")): row for row in answer}
    assert len(found) == len(answer)
    assert found == {key: features(of_session, zone) for key, of_session in sessions.items()}
