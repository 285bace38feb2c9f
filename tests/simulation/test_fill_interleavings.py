"""Two invocations bring the same skipped records back at the same time, in every order of their calls."""

from dataclasses import replace

import msgspec
import pytest

from clickstream.intake.kinesis import Batch
from clickstream.ledger import Commit, Ledger
from clickstream.positions import Lane
from clickstream.stream.processing import CONSUMER, EventProcessor, Invocation, Records
from tests.simulation.actors import Actor
from tests.simulation.campaigns import packed_objects
from tests.simulation.options import Options
from tests.simulation.polling import ARN
from tests.simulation.processing_world import World

MAX_CALLS = 60


def world_after(preemption: int) -> World:
    """One invocation is held up after this many calls, until the other one, with the same records, is done."""
    world = World(0, Options(steps=0, reshard_rate=0))
    stream, shard = world.stream, world.stream.shards.all[0]
    while len(shard.records) < 4:
        stream.produce()
    skipped, newest = Batch(ARN, shard.shard_id, tuple(shard.records[:3])), tuple(shard.records[3:])
    stream.new_container(stream, 0).invoke(Batch(ARN, shard.shard_id, newest), "first")
    slow, fast = (
        Actor(lambda name=name: stream.new_container(stream, 0).invoke(skipped, name), name)  # type: ignore[misc]  # a default
        for name in ("slow", "fast")
    )
    for actor, calls in ((slow, preemption), (fast, MAX_CALLS), (slow, MAX_CALLS)):
        while calls and not actor.is_done:
            stream.gate.advance(actor)
            calls -= 1
    world.run()
    return world


def test_every_interleaving_is_exact() -> None:
    """Each record is committed once, wherever the slow one is held up."""
    with packed_objects():
        assert [at for at in range(MAX_CALLS) if world_after(at).violations()] == []


class KnownCoverage(Ledger):
    """A ledger that answers for coverage what was read before."""

    def __init__(self, ledger: Ledger, known: list[Commit]) -> None:
        super().__init__(ledger._table, ledger._bucket)
        self._known = known

    def covering(self, *_: object) -> list[Commit]:
        """What was read before."""
        return self._known


def test_reading_the_coverage_before_the_head_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit of the other one between the two reads is overlooked, and its records are committed twice."""
    original = EventProcessor._fill

    def fill(self: EventProcessor, invocation: Invocation, lane: Lane, records: Records) -> bool:
        if not records:
            return True
        covering = self.ledger.covering(lane, records[0].position, records[-1].position)
        self._heads.pop(lane.fill, None)
        return original(replace(self, ledger=KnownCoverage(self.ledger, covering)), invocation, lane, records)

    monkeypatch.setattr(EventProcessor, "_fill", fill)
    with packed_objects():
        assert any(world_after(at).violations() for at in range(MAX_CALLS))


def test_two_consumers_of_a_shard_do_not_meet() -> None:
    """The consumer is part of the lane: the commit of one is nothing that the other could take for its own."""
    world = world_after(0)
    lane = Lane(CONSUMER, str(world.stream.epoch), world.stream.shards.all[0].shard_id)
    another = lane._replace(consumer="another")
    assert world.ledger.head(another) is None
    [commit] = world.commits()[lane]
    world.ledger.append(msgspec.structs.replace(commit, lane=another))
    assert world.commits()[lane] == [commit]
