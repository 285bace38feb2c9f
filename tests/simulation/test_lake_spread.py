"""Hours compacted by several workers, slice by slice, and then in order: the lake that one process makes."""

import random
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from clickstream.lake.compaction import attempt, compact_hours
from clickstream.lake.generations import hour_after
from clickstream.lake.work import Lake, unfinished
from tests.simulation.fake_lake import HOUR, Sent, land, memory_lake, visible

HOURS = [hour_after(HOUR, number) for number in range(7)]
Landed = list[tuple[str, list[Sent]]]


def landing(chance: random.Random, copies: int) -> Landed:
    """Objects of hours, in which some events come again in the hours after their first, so many hours on at most."""
    sent: defaultdict[str, list[Sent]] = defaultdict(list)
    for place in range(60):
        first = chance.randrange(len(HOURS))
        for hour in HOURS[first : first + 1 + chance.choice([0, 0, copies])]:
            if chance.random() < 0.9:
                sent[hour].append(Sent(f"e{place}", place))
    return [(hour, events) for hour, events in sorted(sent.items()) if events]


def filled(objects: Landed) -> Lake:
    """A lake with these objects."""
    lake = memory_lake()
    for hour, events in objects:
        land(lake, hour, events)
    return lake


def spread(lake: Lake, chance: random.Random) -> None:
    """Slices of neighbouring hours, whose workers take turns by chance; some are lost, some repeat an hour."""
    waiting = unfinished(lake, HOURS)
    size = chance.randint(1, 4)
    slices = [waiting[first : first + size] for first in range(0, len(waiting), size)]
    while slices := [hours for hours in slices if hours]:
        hours = chance.choice(slices)
        if chance.random() < 0.05:
            hours.clear()
        else:
            hour = hours[0] if chance.random() < 0.1 else hours.pop(0)
            assert attempt(lake, hour).result in {"compacted", "confirmed", "settled"}


def by_hour(lake: Lake) -> dict[str, Counter[str]]:
    """What readers see of each hour."""
    return {hour: visible(lake, hour) for hour in HOURS}


@pytest.mark.parametrize("seed", range(25))
def test_spread_hours_end_as_one_process_leaves_them(seed: int) -> None:
    """Whoever took which hour and in which order: with copies in the hour after, readers see the same everywhere."""
    chance = random.Random(seed)  # noqa: S311  reproducible, not secret
    objects = landing(chance, copies=1)
    plain, shared = filled(objects), filled(objects)
    list(compact_hours(plain, HOURS))
    spread(shared, chance)
    list(compact_hours(shared, HOURS))
    assert by_hour(shared) == by_hour(plain)
    assert unfinished(shared, HOURS) == []


@pytest.mark.parametrize("seed", range(25))
def test_no_event_is_lost_or_doubled_in_neighbours(seed: int) -> None:
    """With copies in many hours the choice among them may differ, but each event stays, once in any two hours."""
    chance = random.Random(seed)  # noqa: S311  reproducible, not secret
    objects = landing(chance, copies=4)
    lake = filled(objects)
    spread(lake, chance)
    list(compact_hours(lake, HOURS))
    found = by_hour(lake)
    assert set().union(*found.values()) == {event.event_id for _, events in objects for event in events}
    assert not [hour for hour, after in pairwise(HOURS) if found[hour] & found[after]]
    assert all(count == 1 for hour in HOURS for count in found[hour].values())
    assert unfinished(lake, HOURS) == []
