"""Given-up batches → commits. A batch that its mapping gave up goes through the same processor once more.

Its records are at or below the head as a rule and take the fill lane; they extend the lane where nothing was committed
after them. Only when the ledger, read anew, covers every record does the object go: its payload is as it was sent, may
name people, and must not outlive its purpose.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from clickstream.errors import ClickstreamError
from clickstream.intake.kinesis import Batch, Record
from clickstream.intake.portions import portions
from clickstream.ledger import Ledger
from clickstream.ports import Bucket
from clickstream.positions import Epochs, Lane
from clickstream.stream.failures import FailedBatch, read_failure
from clickstream.stream.processing import CONSUMER, EventProcessor

Result = Literal["recovered", "covered", "waiting", "gone", "open", "failed"]


@dataclass(frozen=True)
class Recovery:
    """What became of one object. `records` were committed by this run; `open` are still in no commit.

    `recovered` and `covered` objects are removed: every record is in a commit. A `waiting` one belongs to another
    consumer, and `process_events` has not committed its records yet. Somebody else has removed one that is `gone`.
    A look alone finds objects `covered` or `open`.
    """

    key: str
    result: Result
    records: int = 0
    open: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Recoverer:
    """Recovers the objects of one failure bucket."""

    processor: EventProcessor
    failures: Bucket
    function: str
    """Name of the function that runs the processor; objects of other functions are only checked."""

    def recover_all(self, keys: Iterable[str], run_id: str) -> Iterator[Recovery]:
        """Recover the objects; those that wait for records of others are looked at once more at the end."""
        waiting = []
        for key in keys:
            found = self.recover(key, run_id)
            if found.result == "waiting":
                waiting.append(key)
            else:
                yield found
        yield from (self.recover(key, run_id) for key in waiting)

    def recover(self, key: str, run_id: str) -> Recovery:
        """Bring one object's records into the ledger and remove it. A failure is told, not raised: others go on."""
        try:
            return self._recovered(read_failure(self.failures, key), run_id)
        except ClickstreamError as error:
            return self._unless_gone(key, error)

    def look(self, key: str) -> Recovery:
        """What `recover` would find, without changing anything."""
        try:
            failed = read_failure(self.failures, key)
            todo = uncovered(self.processor.ledger, self._lane(failed.batch), failed.batch.records)
        except ClickstreamError as error:
            return Recovery(key, "failed", problem=str(error))
        return Recovery(key, "open" if todo else "covered", open=len(todo))

    def _recovered(self, failed: FailedBatch, run_id: str) -> Recovery:
        lane = self._lane(failed.batch)
        records = 0
        if failed.function == self.function:
            fixed = Epochs(lambda _: lane.epoch, self.processor.now)
            processor = dataclasses.replace(self.processor, epochs=fixed, _heads={})
            # As the function takes it, so that a batch which unfolds to millions fits here, too.
            done = (processor.process(part, run_id) for part in portions(failed.batch))
            records = sum(invocation.total("records") for invocation in done)
        if todo := uncovered(self.processor.ledger, lane, failed.batch.records):
            return Recovery(failed.key, "waiting", records, len(todo))
        self.failures.delete(failed.key)
        return Recovery(failed.key, "recovered" if records else "covered", records)

    def _unless_gone(self, key: str, error: ClickstreamError) -> Recovery:
        try:
            is_there = any(entry.key == key for entry in self.failures.list(key))
        except ClickstreamError:
            is_there = True
        return Recovery(key, "failed", problem=str(error)) if is_there else Recovery(key, "gone")

    def _lane(self, batch: Batch) -> Lane:
        """The lane of the stream that the records came from: maybe one that has been deleted since."""
        current = self.processor.epochs.of(batch.stream_arn)
        known = {lane.epoch for lane in self.processor.ledger.lanes(CONSUMER) if lane.main.shard_id == batch.shard_id}
        return Lane(CONSUMER, epoch_at(batch.records[0], {current, *known}, current), batch.shard_id)


def epoch_at(record: Record, epochs: Iterable[str], current: str) -> str:
    """The newest epoch that had begun when the record arrived; the current one if none had."""
    arrived = record.received_time.timestamp()
    return max((epoch for epoch in epochs if int(epoch) <= arrived), key=int, default=current)


def uncovered(ledger: Ledger, lane: Lane, records: Iterable[Record]) -> list[Record]:
    """Those of the records, in order of position, that no commit covers."""
    found = list(records)
    commits = ledger.covering(lane, found[0].position, found[-1].position) if found else []
    return [record for record in found if not any(commit.covers(record.position) for commit in commits)]
