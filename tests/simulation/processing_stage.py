"""`process_events` in the simulated stream: its stores, containers and records, and the disasters of its tables."""

import random
from datetime import timedelta

from clickstream.errors import InfrastructureError
from clickstream.intake.kinesis import Batch, all_done, retry_from
from clickstream.intake.portions import portion
from clickstream.intake.reasons import Reason, Rejected
from clickstream.intake.rows import Pseudonym
from clickstream.ledger import Ledger
from clickstream.positions import Epochs
from clickstream.stream.applying import Applier
from clickstream.stream.processing import CONSUMER, EventProcessor
from tests.simulation.backups import Backups, expire
from tests.simulation.options import Options
from tests.simulation.records import encoded, zstd
from tests.simulation.stores import TABLES, Stores, in_memory
from tests.simulation.stream import Stream

EVENTS_AT_ONCE = 10
"""Of a batch of many events only a part is taken."""


class CodeVersion(Pseudonym):
    """A deployed version. Odd ones refuse the events of `quirk`, as after a fix or a regression in the rules."""

    def of(self, user_id: str) -> str:
        """The pseudonym."""
        if user_id == "quirk" and int(self.key_id) % 2:
            raise Rejected(Reason.WRONG_TYPE, "refused by this version")
        return super().of(user_id)


class ProcessorContainer:
    """A warm container of `process_events`."""

    def __init__(self, version: int, processor: EventProcessor) -> None:
        self.version = version
        self._processor = processor

    def invoke(self, batch: Batch, run_id: str) -> object:
        """The answer of the function, as `process_events.handler` gives it."""
        part = portion(batch, EVENTS_AT_ONCE)
        try:
            self._processor.process(part.batch, run_id)
        except InfrastructureError:
            return retry_from(batch.records[0].sequence_number)
        return retry_from(part.rest) if part.rest else all_done()


class Stage:
    """Tables, bucket and stream of one schedule, and what befalls them."""

    processor = EventProcessor
    """Mutants replace it."""

    def __init__(self, seed: int, options: Options | None = None, stores: Stores | None = None) -> None:
        self.options = options or Options()
        self.stores = stores or in_memory()
        self._keep(self.stores)
        self.stream = Stream(
            seed,
            self.options,
            self._payload,
            gate=self.stores.gate,
            new_container=self._container,
            disaster=self._disaster,
            pause=self._expire,
        )
        self.events_in: dict[bytes, int] = {}
        # Schedules that wait for days have short-lived pages.
        self.retention = timedelta(days=3 if self.options.pause_rate else 30)
        self.expired_pages = 0
        self.applier = Applier(
            self.ledger, self.counters, self.page_metrics, self.retention.days, lambda: self.stream.now
        )
        self.backups = Backups(self.stores.tables)

    def _keep(self, stores: Stores) -> None:
        """Everything is kept there."""
        self.ledger_table, self.counters, self.page_metrics = (stores.tables[name] for name in TABLES)
        self.bucket = stores.bucket
        self.ledger = Ledger(self.ledger_table, self.bucket)

    def _payload(self, chance: random.Random, name: str, keys: str) -> bytes:
        """A page view, a bad event, an event that versions judge differently, or several in one record."""
        fields = {"event_id": name, "page_url": f"/{chance.randrange(4)}", "session_id": chance.choice(keys)}
        good = encoded(**fields, event_type=chance.choice(("page_view", "click")))
        quirk = encoded(event_id=name, user_id="quirk")
        events = chance.choice(([good], [good], [good], [b"{"], [quirk], [good, b"?", quirk], [good, good]))
        data = events[0] if len(events) == 1 else zstd(b"\n".join(events))
        self.events_in[data] = len(events)
        return data

    def _expire(self, chance: random.Random) -> None:
        """DynamoDB removes pages whose time is over."""
        for table in (self.counters, self.page_metrics):
            self.expired_pages += expire(table, self.stream.now, chance)

    def _disaster(self, chance: random.Random) -> None:
        """A backup of all tables is taken; or one is restored, as the runbook says: stop, restore, rebuild, read again.

        The rebuilding itself may fail at any call, and is then done again.
        """
        name = chance.choice(("backup", "ledger", "counters", "page-metrics"))
        if name == "backup":
            self.backups.take()
        elif self.backups.restore(name, chance):
            self.stream.tell(f"the table {name} is restored")
            self.stream.stop_writers()
            self.stream.work_until_done(lambda: self.applier.rebuild(CONSUMER), "rebuild")
            if name == "ledger":
                self.stream.read_all_again()

    def _container(self, stream: Stream, version: int) -> "ProcessorContainer":
        processor = self.processor(
            ledger=self.ledger,
            bucket=self.bucket,
            applier=self.applier,
            epochs=Epochs(stream.epoch_of, lambda: stream.now),
            now=lambda: stream.now,
            pseudonym=CodeVersion(str(version), b"key"),
            code_version=str(version),
            ranges_per_commit=2,
        )
        return ProcessorContainer(version, processor)
