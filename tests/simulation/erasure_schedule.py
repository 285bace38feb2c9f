"""An erasure among deliveries, resends, compactions and dead runs, in an order that a seed decides."""

from contextlib import suppress
from itertools import count
from random import Random

from clickstream.lake.compaction import compact_hour
from clickstream.lake.erasing import Places
from tests.simulation.erasure_scene import HOURS, check, compact
from tests.simulation.erasure_world import ask_for, canary, other, places, run, with_lake
from tests.simulation.fake_lake import land
from tests.simulation.kill_points import Killed, KillPoint

STEPS = ("land", "land", "compact", "compact", "run", "die")
CALLS, WRITES = 120, 35
"""About as many as a run makes."""


def behind(world: Places, point: KillPoint) -> Places:
    """The same stores behind a kill point."""
    lake = with_lake(world, bucket=point.guard(world.lake.bucket), catalog=point.guard(world.lake.catalog)).lake
    tables = (point.guard(world.requests), point.guard(world.session_metrics), point.guard(world.anomalies))
    return Places(lake, *tables, point.guard(world.failures))


def play(random: Random) -> None:
    """One schedule."""
    world, others, place = places(), set[str](), count(1)
    steps = [random.choice(STEPS) for _ in range(8)]
    asked_at = random.randrange(len(steps))
    for number, step in enumerate(steps):
        if number == asked_at:
            ask_for(world)
        if step == "land":
            deliver(world, random, others, place)
        elif step == "compact":
            compact_hour(world.lake, random.choice(HOURS))
        elif step == "run":
            run(world)
        else:
            takes_effect = random.random() < 0.5
            point = KillPoint(
                random.randrange(WRITES if takes_effect else CALLS), Killed("dead"), takes_effect=takes_effect
            )
            with suppress(Killed):
                run(behind(world, point))
    for hour in HOURS:
        land(world.lake, hour, [other(f"last-{hour}", next(place))])
    others |= {f"last-{hour}" for hour in HOURS}
    for _ in range(2):
        run(world)
    compact(world)
    check(world, *others)


def deliver(world: Places, random: Random, others: set[str], place: "count[int]") -> None:
    """Land some events of both, some of which may be resends."""
    hour, events = random.choice(HOURS), []
    for _ in range(random.randint(1, 4)):
        event_id = f"{random.randrange(6)}"
        if random.random() < 0.5:
            events.append(canary(f"c{event_id}", next(place), page=random.choice(["/", "/x"])))
        else:
            others.add(f"o{event_id}")
            events.append(other(f"o{event_id}", next(place)))
    land(world.lake, hour, events)
