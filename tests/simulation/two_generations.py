"""Two compacted hours, the first of them in two generations, and stores of theirs that die at a chosen call."""

from copy import deepcopy
from dataclasses import replace
from functools import cache

from clickstream.lake.compaction import compact_hours
from clickstream.lake.work import Lake
from tests.simulation.fake_lake import HOUR, NEXT, Sent, land, memory_lake
from tests.simulation.kill_points import KillPoint

HOURS = [HOUR, NEXT]


def two_generations(second: str) -> Lake:
    """Events a to e, once each to a reader; the later hour holds c, and one more of this name."""
    return deepcopy(_made(second))


def guarded(lake: Lake, point: KillPoint) -> Lake:
    """The lake behind a kill point."""
    return replace(lake, bucket=point.guard(lake.bucket), catalog=point.guard(lake.catalog))


@cache
def _made(second: str) -> Lake:
    lake = memory_lake()
    land(lake, HOUR, [Sent("a", 1), Sent("b", 2)])
    land(lake, NEXT, [Sent("c", 11), Sent(second, 12)])
    list(compact_hours(lake, HOURS))
    land(lake, HOUR, [Sent("d", 3), Sent("a", 4), Sent("e", 5)])
    list(compact_hours(lake, HOURS))
    return lake
