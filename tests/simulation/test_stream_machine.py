"""`process_events` under an event source mapping, with every step and every fault chosen by hypothesis.

The seeded schedules of `test_stream_exact.py` find by volume; a failure found here is shrunk to the few steps that
matter. Invariants hold after every step, and at the end everything is there exactly once.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from clickstream.intake.kinesis import Batch
from clickstream.ledger import Commit, Ledger
from clickstream.positions import START, Epochs, Lane
from clickstream.stream.applying import Applier
from clickstream.stream.processing import CONSUMER, EventProcessor
from local_aws.delivery import Policy
from tests.simulation.machines import notice, play_5_000, play_200
from tests.simulation.planned_stream import MOST_SHARDS, PlannedStream
from tests.simulation.records import encoded, zstd
from tests.simulation.scripted_stores import FAULTS, Fault, Plan, PlannedBucket, PlannedTable

STEPS = 25
Try = tuple[list[Fault], bool, bool]
"""The faults of an invocation, whether its acknowledgement is lost, and whether its container is warm."""
TRY = st.tuples(FAULTS, st.booleans(), st.booleans())
GOOD, BAD = encoded(page_url="/a"), b"{"
CLICK = encoded(event_type="click")
PAYLOADS: dict[bytes, Counter[str]] = {
    GOOD: Counter(page_view=1),
    CLICK: Counter(click=1),
    BAD: Counter(bad=1),
    zstd(b"\n".join([GOOD, BAD, CLICK])): Counter(page_view=1, click=1, bad=1),
}
"""Records, and what is in them."""


class ProcessingMachine(RuleBasedStateMachine):
    """Produce, invoke, split, merge, recover, wait; calls fail as planned."""

    @initialize(shards=st.integers(1, 3), max_retries=st.sampled_from([-1, 0, 1]), is_bisecting=st.booleans())
    def begin(self, shards: int, max_retries: int, *, is_bisecting: bool) -> None:
        """Empty stores, and a mapping that retries without end or gives up."""
        self.plan = Plan()
        self.ledger_table, self.counters, self.page_metrics = (PlannedTable(self.plan) for _ in range(3))
        self.bucket = PlannedBucket(self.plan)
        self.ledger = Ledger(self.ledger_table, self.bucket)
        self.stream = PlannedStream(Policy(max_retries, is_bisecting=is_bisecting, is_reporting=True), shards)
        self.produced: dict[str, dict[str, Counter[str]]] = {}
        self.runs = 0
        self.warm = self._container()

    @rule(which=st.integers(0, 5), data=st.sampled_from(sorted(PAYLOADS)), times=st.integers(1, 4))
    def produce(self, which: int, data: bytes, times: int) -> None:
        """Records arrive in an open shard."""
        shard_id = self.stream.open_ids[which % len(self.stream.open_ids)]
        for _ in range(times):
            record = self.stream.produce(shard_id, data)
            position = record.sequence_number.zfill(130)
            self.produced.setdefault(shard_id, {})[position] = PAYLOADS[data]

    @precondition(lambda self: self.stream.readable())
    @rule(which=st.integers(0, 5), size=st.integers(1, 6), tries=st.lists(TRY, min_size=1, max_size=4))
    def invoke(self, which: int, size: int, tries: list[Try]) -> None:
        """Some invocations of one shard, in the warm container or in cold ones, with faults in their first calls."""
        shard_ids = self.stream.readable()
        shard_id = shard_ids[which % len(shard_ids)]
        for faults, is_ack_lost, is_warm in tries:
            if not is_warm:
                self.warm = self._container()
            if shard_id in self.stream.readable():
                with self.plan.follow(faults):
                    self.stream.invoke(shard_id, size, self._consume, is_ack_lost=is_ack_lost)

    @precondition(lambda self: self.stream.given_up)
    @rule(which=st.integers(0, 5), faults=FAULTS)
    def recover(self, which: int, faults: list[Fault]) -> None:
        """A failure object is fed back through the same handler."""
        with self.plan.follow(faults):
            self.stream.recover(which, self._consume)

    @precondition(lambda self: self.plan.delayed)
    @rule(which=st.integers(0, 5))
    def arrive(self, which: int) -> None:
        """A write of an invocation that is long gone arrives."""
        self.plan.arrive(which)

    @precondition(lambda self: len(self.stream.shards) < MOST_SHARDS)
    @rule(which=st.integers(0, 5), is_merge=st.booleans())
    def reshard(self, which: int, *, is_merge: bool) -> None:
        """A shard is split, or two are merged."""
        open_ids = self.stream.open_ids
        one, other = (open_ids[(which + n) % len(open_ids)] for n in (0, 1))
        if is_merge and one != other:
            self.stream.merge(one, other)
        else:
            self.stream.split(one)

    @precondition(lambda self: len(self.stream.shards) > 1)
    @rule()
    def replace_mapping(self) -> None:
        """Everything is delivered once more, from the oldest record on."""
        self.stream.replace_mapping()

    @rule(seconds=st.sampled_from([1, 59, 3600]))
    def wait(self, seconds: int) -> None:
        """The next record arrives in another second, minute or hour."""
        self.stream.pass_time(seconds)

    @invariant()
    def every_lane_is_a_chain_that_adds_up(self) -> None:
        """No commit is lost, doubled, or covers what another one covers."""
        covered: Counter[tuple[str, str]] = Counter()
        for lane, commits in self._commits().items():
            previous = START
            for commit in commits:
                assert commit.previous == previous < commit.last, f"the chain of {lane} is broken"
                assert commit.events == commit.landed + commit.bad == sum(each.rows for each in commit.objects)
                shard_id = lane.shard_id.removesuffix("#fill")
                found = [place for place in self.produced[shard_id] if commit.covers(place)]
                assert commit.records == len(found), f"a commit of {lane} claims records that it did not read"
                covered.update((shard_id, place) for place in found)
                previous = commit.last
        assert not covered or max(covered.values()) == 1, "a record is in two commits"

    @invariant()
    def counters_never_run_ahead_of_the_ledger(self) -> None:
        """Nothing counts before its commit, and nothing counts twice."""
        committed = sum((self._committed(commit) for commit in self._all_commits()), Counter[str]())
        assert self._counted() <= committed, "counted more than committed"

    def teardown(self) -> None:
        """All faults end; then everything that was sent is committed, archived and counted once."""
        self._settle()
        expected = sum((c for places in self.produced.values() for c in places.values()), Counter[str]())
        committed = sum((self._committed(commit) for commit in self._all_commits()), Counter[str]())
        assert committed == expected, "committed is not what was sent"
        assert self._counted() == Counter({k: n for k, n in expected.items() if k != "bad"}), "counted"
        assert self._viewed() == expected["page_view"], "page views"
        assert self._work() == sorted(each.key for commit in self._all_commits() for each in commit.objects)
        self.every_lane_is_a_chain_that_adds_up()

    def _settle(self) -> None:
        """The mapping drains the stream, then the last delayed writes arrive, then it looks again."""
        self.stream.drain(self._consume)
        while self.plan.delayed:
            self.plan.arrive(0)
        self.stream.drain(self._consume)
        self._applier().audit(CONSUMER)

    def _consume(self, batch: Batch) -> None:
        self.runs += 1
        self.warm.process(batch, f"run-{self.runs}")

    def _container(self) -> EventProcessor:
        return EventProcessor(
            ledger=self.ledger,
            bucket=self.bucket,
            applier=self._applier(),
            epochs=Epochs(lambda _: "1", lambda: self.stream.now),
            now=lambda: self.stream.now,
        )

    def _applier(self) -> Applier:
        return Applier(self.ledger, self.counters, self.page_metrics, 30, lambda: self.stream.now)

    def _commits(self) -> dict[Lane, list[Commit]]:
        stored = Ledger(self.ledger_table.stored, self.bucket.stored)
        return {lane: list(stored.commits(lane)) for lane in stored.lanes(CONSUMER)}

    def _all_commits(self) -> Iterator[Commit]:
        return (commit for commits in self._commits().values() for commit in commits)

    def _committed(self, commit: Commit) -> Counter[str]:
        places = self.produced[commit.lane.shard_id.removesuffix("#fill")]
        return sum((kinds for place, kinds in places.items() if commit.covers(place)), Counter[str]())

    def _counted(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for page in self.counters.stored.scan():
            assert page["events"] == sum(page["event_types"].values())
            total.update(page["event_types"])
        return total

    def _viewed(self) -> int:
        return sum(page["page_views"] for page in self.page_metrics.stored.scan())

    def _work(self) -> list[str]:
        stored = Ledger(self.ledger_table.stored, self.bucket.stored)
        return sorted(landed.key for hour in stored.hours() for landed in stored.work(hour))


def test_200_machines_are_exact() -> None:
    """Whatever hypothesis does to the stream, nothing is lost, doubled or counted before its commit."""
    play_200(ProcessingMachine, STEPS)


@pytest.mark.long
def test_5_000_machines_are_exact() -> None:
    """The same, 5,000 other times in each run."""
    play_5_000(ProcessingMachine, STEPS)


def head_is_not_applied(patch: pytest.MonkeyPatch) -> None:
    """A successor is committed although nobody has applied its predecessor."""
    patch.setattr(EventProcessor, "_applied_head", lambda self, lane: self.ledger.head(lane))


def redelivery_is_new(patch: pytest.MonkeyPatch) -> None:
    """No commit ever covers a record."""
    patch.setattr(Ledger, "covering", lambda *_: [])


@pytest.mark.parametrize("mutate", [head_is_not_applied, redelivery_is_new])
def test_the_machines_are_not_blind(
    mutate: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A safety rule that is taken away is noticed."""
    mutate(monkeypatch)
    notice(ProcessingMachine, STEPS)
