"""The Kinesis event source runner: one pump at work for every mapping and every readable shard.

It uses public APIs only. A mapping runs here whatever its state is; if the service polls for it as well, the
service's poller is switched off first, because the emulator's loses records when a function reports failures.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event, Thread

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.batch import Batcher, BatchLimits
from local_aws.checkpoints import Checkpoint, CheckpointStore
from local_aws.deliverer import Deliverer
from local_aws.delivery import Policy
from local_aws.mapping import EventSourceMapping
from local_aws.progress import PumpProgress, save_progress
from local_aws.pump import ShardPump
from local_aws.record import ArrivalRule, RecordEncoder, real_arrival
from local_aws.service_ports import PumpPorts, ServicePorts
from local_aws.shard_reader import ShardReader
from local_aws.shards import Shard, first_checkpoint, readable_shards
from local_aws.state import StateFolder

_log = logging.getLogger("local_aws.event_source")
_LISTING_INTERVAL_S = 0.5


@dataclass(frozen=True, slots=True)
class RunnerOptions:
    """What differs from the service.

    Attributes:
        window_s: Upper limit for every mapping's batching window; None for the mapping's own.
        arrival_rule: Which arrival time functions are told.
    """

    window_s: float | None = None
    arrival_rule: ArrivalRule = real_arrival


@dataclass(frozen=True, slots=True)
class _Job:
    """A pump and the mapping as it was when the pump was started."""

    mapping: EventSourceMapping
    pump: ShardPump


class EventSourceRunner:
    """Starts, restarts and stops the pumps, and writes the progress file."""

    def __init__(
        self,
        services: ServicePorts,
        state: StateFolder,
        options: RunnerOptions,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._services = services
        self._progress_file = state.progress_file
        self._store = CheckpointStore(state.checkpoint_folder)
        self._options = options
        self._clock = clock
        self._stop_event = Event()
        self._jobs: dict[tuple[str, str], _Job] = {}
        self._listed_time = 0.0
        self._thread = Thread(target=self._run, name="event-source-runner", daemon=True)

    def start(self) -> None:
        """Begin to run mappings, present and future ones, in background threads."""
        self._progress_file.unlink(missing_ok=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Mappings are still looked after; if not, the reason is on standard error."""
        return self._thread.is_alive()

    def stop(self, *, grace_s: float) -> None:
        """End all pumps; an invocation still under way after `grace_s` seconds is delivered again next time."""
        deadline = time.monotonic() + grace_s
        self._stop_event.set()
        # First the thread that starts pumps, so that none appears behind our back.
        self._thread.join(grace_s)
        pumps = [job.pump for job in self._jobs.values()]
        for pump in pumps:
            pump.request_stop()
        for pump in pumps:
            pump.join(max(0.0, deadline - time.monotonic()))
        self._report()

    def _run(self) -> None:
        while not self._stop_event.is_set():
            started = self._clock()
            try:
                self._list()
            except (ClientError, BotoCoreError) as error:
                _log.warning("listing failed error=%r", str(error))
            else:
                self._listed_time = started
            self._report()
            self._stop_event.wait(_LISTING_INTERVAL_S)

    def _list(self) -> None:
        listed = self._services.mappings()
        arns = {mapping.stream_arn for mapping in listed}
        # The epoch is asked for first: shards of a newer stream under an older epoch are only read again.
        epochs = {arn: self._services.stream_epoch(arn) for arn in arns}
        shards = {arn: self._services.shards(arn) for arn in arns}
        mappings = {mapping.uuid: replace(mapping, stream_epoch=epochs[mapping.stream_arn]) for mapping in listed}
        self._retire(mappings)
        for mapping in mappings.values():
            if mapping.is_polled_by_service:
                self._services.switch_off_service_polling(mapping)
            self._start_pumps(mapping, shards[mapping.stream_arn])

    def _retire(self, mappings: dict[str, EventSourceMapping]) -> None:
        """Stop the pumps of mappings that are gone or changed, or read another stream now; forget those that ended."""
        for key, job in tuple(self._jobs.items()):
            is_current = mappings.get(key[0]) == job.mapping
            if not is_current:
                job.pump.request_stop()
            if not job.pump.is_alive() and not (job.pump.progress.is_finished and is_current):
                del self._jobs[key]

    def _start_pumps(self, mapping: EventSourceMapping, listed: tuple[Shard, ...]) -> None:
        uuid, epoch = mapping.uuid, mapping.stream_epoch
        is_known_mapping = self._store.knows(uuid)
        checkpoints = {shard.shard_id: self._store.load(uuid, epoch, shard.shard_id) for shard in listed}
        finished = {shard_id for shard_id, checkpoint in checkpoints.items() if checkpoint and checkpoint.is_finished}
        running = {shard_id for each, shard_id in self._jobs if each == uuid} - finished
        for shard in readable_shards(listed, finished=finished, running=running):
            checkpoint = checkpoints[shard.shard_id]
            if checkpoint is None:
                now_s = self._clock()
                checkpoint = first_checkpoint(mapping, is_known_mapping=is_known_mapping, now_s=now_s)
                self._store.save(uuid, epoch, shard.shard_id, checkpoint)
            pump = self._pump(mapping, shard.shard_id, checkpoint)
            self._jobs[uuid, shard.shard_id] = _Job(mapping, pump)
            pump.start()

    def _pump(self, mapping: EventSourceMapping, shard_id: str, checkpoint: Checkpoint) -> ShardPump:
        stop = Event()
        window_s = mapping.window_s if self._options.window_s is None else min(mapping.window_s, self._options.window_s)
        deliverer = Deliverer(
            PumpPorts(self._services, self._store, mapping, shard_id, self._clock),
            Policy(mapping.max_retries, mapping.max_age_s, mapping.is_bisecting, mapping.is_reporting),
            progress=PumpProgress(
                mapping.uuid,
                mapping.stream_name,
                mapping.function_name,
                shard_id,
                seen=checkpoint.done + checkpoint.discarded,
                done=checkpoint.done,
                discarded=checkpoint.discarded,
            ),
            checkpoint=checkpoint,
            clock=self._clock,
            stop=stop,
        )
        encoder = RecordEncoder(mapping.stream_arn, shard_id, self._options.arrival_rule)
        return ShardPump(
            ShardReader(self._services.kinesis, encoder, checkpoint),
            Batcher(BatchLimits(mapping.batch_size, window_s)),
            deliverer,
            clock=self._clock,
            stop=stop,
        )

    def _report(self) -> None:
        pumps = [job.pump.progress for job in tuple(self._jobs.values())]
        save_progress(self._progress_file, self._listed_time, pumps)
