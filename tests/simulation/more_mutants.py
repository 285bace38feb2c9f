"""More of `process_events` without one of its safety rules each: what is filtered, reported, counted, rebuilt."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from clickstream.errors import Conflict, InfrastructureError
from clickstream.intake.kinesis import Batch, Record, retry_from
from clickstream.intake.landing import LandingFile, landing_files
from clickstream.intake.portions import Portion, portion
from clickstream.intake.rows import Rows, Source
from clickstream.ledger import Commit, LandedObject, Ledger
from clickstream.positions import Lane, padded
from clickstream.stream.applying import Applier
from clickstream.stream.processing import CONSUMER, ROUNDS, EventProcessor, Invocation
from tests.simulation.mutants import ALONE, MUTANTS, first_noticed, mutant
from tests.simulation.processing_stage import ProcessorContainer
from tests.simulation.stream import Stream


def names() -> list[str]:
    """All mutants, of this module and the other one."""
    return list(MUTANTS)


def noticed_at(name: str) -> int | None:
    """The first schedule that notices the mutant; for worker processes, which thereby know all mutants."""
    return first_noticed(name)


def filtered_by(is_old: Callable[[Record, Commit], bool]) -> Callable[[EventProcessor, Batch, str], Invocation]:
    """`process` with another idea of which records lie behind the head, and no fill lane that could help."""

    def process(self: EventProcessor, batch: Batch, run_id: str) -> Invocation:
        invocation, lane = Invocation(run_id), Lane(CONSUMER, self.epochs.of(batch.stream_arn), batch.shard_id)
        for _ in range(ROUNDS):
            head = self._applied_head(lane)
            new = tuple(record for record in batch.records if not (head and is_old(record, head)))
            if self._extend(invocation, lane, head, new):
                return invocation
            self._heads.pop(lane, None)
        raise InfrastructureError("another writer was faster")

    return process


@mutant(ALONE)
def no_filter(patch: pytest.MonkeyPatch) -> None:
    """A batch that comes again is committed again."""
    patch.setattr(EventProcessor, "process", filtered_by(lambda _record, _head: False))


@mutant(ALONE)
def filter_off_by_one(patch: pytest.MonkeyPatch) -> None:
    """The record that the head ends with counts as new."""
    patch.setattr(EventProcessor, "process", filtered_by(lambda record, head: record.position < head.last))


@mutant(ALONE)
def numbers_of_38_digits(patch: pytest.MonkeyPatch) -> None:
    """Sequence numbers are kept as DynamoDB keeps numbers: with 38 digits."""
    original = EventProcessor.process

    def process(self: EventProcessor, batch: Batch, run_id: str) -> Invocation:
        short = [int(record.sequence_number) // 10**18 * 10**18 for record in batch.records]
        kept = zip(batch.records, short, strict=True)
        records = tuple(msgspec.structs.replace(record, position=padded(str(n))) for record, n in kept)
        return original(self, replace(batch, records=records), run_id)

    patch.setattr(EventProcessor, "process", process)


@mutant(ALONE)
def failure_is_swallowed(patch: pytest.MonkeyPatch) -> None:
    """A throttled service is no reason to ask for the batch again."""
    patch.setattr("tests.simulation.processing_stage.retry_from", lambda _: {"batchItemFailures": []})


@mutant(ALONE)
def rest_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Of a batch of too many events the first are taken, and nobody is told of the others."""
    patch.setattr(
        "tests.simulation.processing_stage.portion", lambda batch, limit: Portion(portion(batch, limit).batch, None)
    )


@mutant(ALONE)
def last_record_is_reported(patch: pytest.MonkeyPatch) -> None:
    """A failed invocation asks for the last record of its batch instead of the first."""

    def invoke(self: ProcessorContainer, batch: Batch, run_id: str) -> object:
        try:
            return self._processor.process(batch, run_id)
        except InfrastructureError:
            return retry_from(batch.records[-1].sequence_number)

    patch.setattr(ProcessorContainer, "invoke", invoke)


@mutant(ALONE)
def goes_on_after_a_failure(patch: pytest.MonkeyPatch) -> None:
    """Record by record, also after one has failed, with the failed ones reported; and no fill lane that could help."""

    def invoke(self: ProcessorContainer, batch: Batch, run_id: str) -> object:
        failed = []
        for number, record in enumerate(batch.records):
            try:
                self._processor.process(replace(batch, records=(record,)), f"{run_id}-{number}")
            except InfrastructureError:
                failed.append({"itemIdentifier": record.sequence_number})
        return {"batchItemFailures": failed}

    patch.setattr(EventProcessor, "_fill", lambda *_: True)
    patch.setattr(ProcessorContainer, "invoke", invoke)


@mutant()
def wall_clock_in_the_plan(patch: pytest.MonkeyPatch) -> None:
    """A record belongs to the hour in which it is processed."""
    original = EventProcessor._archived

    def archived(self: EventProcessor, lane: Lane, head: Commit | None, last: str, *rest: Any) -> Commit:
        records, *others = rest
        late = tuple(msgspec.structs.replace(record, received_time=self.now()) for record in records)
        return original(self, lane, head, last, late, *others)

    patch.setattr(EventProcessor, "_archived", archived)


@mutant()
def counted_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    """Counters first, the commit after them."""
    original = EventProcessor._commit

    def commit(self: EventProcessor, invocation: Invocation, commit: Commit) -> bool:
        self.applier.apply(commit)
        return original(self, invocation, commit)

    patch.setattr(EventProcessor, "_commit", commit)


@mutant()
def committed_before_the_archive(patch: pytest.MonkeyPatch) -> None:
    """The commit first, the objects that it names after it."""
    original = EventProcessor._commit
    waiting: dict[str, LandingFile] = {}

    def written(_self: EventProcessor, rows: Rows, source: Source) -> Iterator[LandedObject]:
        for file in landing_files(rows, source):
            waiting[file.entry.key] = file
            yield file.entry

    def commit(self: EventProcessor, invocation: Invocation, commit: Commit) -> bool:
        is_mine = original(self, invocation, commit)
        for entry in commit.objects:
            self.bucket.put(entry.key, waiting[entry.key].body)
        return is_mine

    patch.setattr(EventProcessor, "_written", written)
    patch.setattr(EventProcessor, "_commit", commit)


@mutant()
def objects_of_a_lost_race_are_deleted(patch: pytest.MonkeyPatch) -> None:
    """Who loses the race for a place tidies up; the winner's objects may have the same keys."""
    original = Ledger.append

    def append(self: Ledger, commit: Commit) -> None:
        try:
            original(self, commit)
        except Conflict:
            for entry in commit.objects:
                self._bucket.delete(entry.key)
            raise

    patch.setattr(Ledger, "append", append)


@mutant(tries=2)
def coverage_is_not_read(patch: pytest.MonkeyPatch) -> None:
    """A batch that comes back goes to the fill lane whole, also what the last try had committed."""
    patch.setattr(Ledger, "covering", lambda *_: [])


@mutant(tries=2)
def fill_without_its_head(patch: pytest.MonkeyPatch) -> None:
    """Each commit of the fill lane begins a new chain."""
    original = EventProcessor._applied_head
    patch.setattr(
        EventProcessor,
        "_applied_head",
        lambda self, lane: None if lane.shard_id.endswith("#fill") else original(self, lane),
    )


@mutant()
def heads_are_never_audited(patch: pytest.MonkeyPatch) -> None:
    """Nobody applies the last commit of a lane that gets no more records."""
    patch.setattr(Applier, "audit", lambda *_: 0)


@mutant(pause_rate=0.03, retention=ALONE.retention * 400, max_age=ALONE.retention * 200)
def expired_page_is_written_again(patch: pytest.MonkeyPatch) -> None:
    """A late commit makes a page anew whose counts had expired."""
    original = Applier._pages

    def pages(self: Applier, commit: Commit) -> Any:
        days, self._retention_days = self._retention_days, self._retention_days * 100
        found = list(original(self, commit))
        self._retention_days = days
        return found

    patch.setattr(Applier, "_pages", pages)


@mutant(ALONE, fault_rate=0.03, disaster_rate=0.06, has_deployments=False, steps=200)
def containers_outlive_a_restored_ledger(patch: pytest.MonkeyPatch) -> None:
    """A warm container goes on with the head that the ledger had before it was restored."""
    original = Stream.stop_writers

    def stop_writers(self: Stream) -> None:
        warm = list(self.warm)
        original(self)
        self.warm = warm

    patch.setattr(Stream, "stop_writers", stop_writers)


@mutant(disaster_rate=0.04, has_new_streams=False)
def restored_pages_are_trusted(patch: pytest.MonkeyPatch) -> None:
    """After a restore only the newest commits are applied."""
    patch.setattr(Applier, "rebuild", Applier.audit)


@mutant(disaster_rate=0.04, has_new_streams=False)
def stream_is_not_read_again(patch: pytest.MonkeyPatch) -> None:
    """After a restore of the ledger the mappings go on where they were."""
    patch.setattr(Stream, "read_all_again", lambda _: None)
