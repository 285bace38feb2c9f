"""The two hours in which somebody is to be erased, and the check that only others are left."""

from collections import Counter
from copy import deepcopy
from functools import cache

from clickstream.lake.compaction import compact_hours
from clickstream.lake.erasing import Places
from clickstream.lake.erasure_requests import open_requests
from clickstream.lake.garbage import collect
from clickstream.lake.generations import newest
from clickstream.lake.work import unfinished
from tests.simulation.erasure_world import (
    CANARY,
    PERSON,
    SESSION,
    ask_for,
    canary,
    other,
    places,
    refuse,
    rows_of,
    traces_of,
)
from tests.simulation.fake_lake import HOUR, NEXT, land

HOURS = [HOUR, NEXT]
WORDS = (CANARY, PERSON, SESSION)
REFUSED = f'{{"user_id": "{CANARY}"'.encode()
"""A payload of the person that is no event."""


def compact(world: Places) -> None:
    """One ordinary run of compaction and garbage collection."""
    list(compact_hours(world.lake, HOURS))
    collect(world.lake)


def scene() -> Places:
    """Two compacted hours with copies in and across them, a late object, live items, a bad event, a report."""
    return deepcopy(_scene())


@cache
def _scene() -> Places:
    world = places()
    land(world.lake, HOUR, [canary("c1", 1), other("o1", 2), canary("c2", 3, page="/mine")])
    land(world.lake, NEXT, [canary("c1", 11), other("o2", 12), canary("c2", 13, page="/else"), other("o1", 14)])
    compact(world)
    land(world.lake, HOUR, [canary("c3", 4), other("o3", 5)])
    refuse(world, REFUSED, 6)
    world.lake.bucket.put("reports/top_clients/2026-11-21/top_clients.csv", f"{PERSON},3".encode())
    world.lake.bucket.put("athena-results/q.csv", f"{PERSON}".encode())
    for table in (world.session_metrics, world.anomalies):
        table.put({"pk": SESSION, "sk": "lane", "events": 3})
        table.put({"pk": "other-session", "sk": "lane", "events": 3})
    ask_for(world)
    return world


def check(world: Places, *others: str) -> None:
    """No trace of the person; the others are there once; every hour adds up; nothing is left to do."""
    assert traces_of(world, *WORDS) == []
    assert Counter(row["event_id"] for row in rows_of(world)) == Counter(others)
    for hour in HOURS:
        found = newest(world.lake.bucket, hour)
        assert found is not None
        kept = found.rows + found.duplicates + found.quarantined + found.erased + found.redelivered
        assert found.landed == kept
    assert unfinished(world.lake, HOURS) == []
    assert list(open_requests(world.requests)) == []
