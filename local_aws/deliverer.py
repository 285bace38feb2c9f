"""Carrying one batch through all its tries: invoke, settle, give up, checkpoint."""

import json
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.checkpoints import Checkpoint
from local_aws.delivery import Policy, Segment, Step, backoff_s, expire, read_answer, settle
from local_aws.failures import GivenUp
from local_aws.progress import PumpProgress
from local_aws.record import Record, event_payload

_log = logging.getLogger("local_aws.event_source")
_ERROR_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to an invocation: the response body, and whether the function failed."""

    body: bytes
    is_function_error: bool = False


class Ports(Protocol):
    """The outside world of a deliverer; every method may raise botocore's errors."""

    def invoke(self, payload: bytes) -> Reply:
        """Run the function on an event."""

    def give_up(self, given_up: GivenUp) -> None:
        """Send records to the on-failure destination."""

    def save(self, checkpoint: Checkpoint) -> None:
        """Keep the position."""


class Deliverer:
    """Delivers the batches of one (mapping, shard), one after the other.

    Attributes:
        progress: Counts and errors so far; replaced, never changed, so other threads may read it.
        checkpoint: The position reached.
    """

    def __init__(
        self,
        ports: Ports,
        policy: Policy,
        *,
        progress: PumpProgress,
        checkpoint: Checkpoint,
        clock: Callable[[], float],
        stop: Event,
    ) -> None:
        self._ports = ports
        self._policy = policy
        self._clock = clock
        self._stop = stop
        self._outages = 0
        self._is_function_error = False
        self.progress = progress
        self.checkpoint = checkpoint

    def deliver(self, batch: tuple[Record, ...]) -> None:
        """Try a batch until every record is done or given up, or until the stop event is set."""
        waiting = deque([Segment(batch)])
        while waiting and not self._stop.is_set():
            segment = waiting.popleft()
            step = expire(segment, self._policy, self._clock())
            if not step.discarded:
                step = self._try(segment)
            self._apply(step)
            waiting.extendleft(reversed(step.remaining))
            if waiting and (self._outages or step.is_retry_of(segment)):
                self._stop.wait(backoff_s(max(waiting[0].failures, self._outages)))

    def finish(self) -> None:
        """Remember that the shard is closed and read to its end."""
        self._advance(replace(self.checkpoint, is_finished=True))
        self.progress = replace(self.progress, is_finished=True)

    def note_error(self, words: str) -> None:
        """Remember a failure after which no record was done yet."""
        since = self.progress.failing_since_time
        self.progress = replace(
            self.progress,
            failing_since_time=self._clock() if since is None else since,
            failures=self.progress.failures + 1,
            last_error=words[:_ERROR_CHARACTERS],
        )
        _log.warning(
            "failed function=%s shard=%s failures=%d error=%r",
            self.progress.function_name,
            self.progress.shard_id,
            self.progress.failures,
            self.progress.last_error,
        )

    def _try(self, segment: Segment) -> Step:
        started = self._clock()
        try:
            reply = self._ports.invoke(event_payload(segment.records))
        except (ClientError, BotoCoreError) as error:
            # The invocation did not take place as far as we know: it uses no retry.
            self._outages += 1
            self.note_error(str(error))
            return Step(remaining=(segment,))
        self._outages = 0
        answer = read_answer(segment, self._policy, is_function_error=reply.is_function_error, body=reply.body)
        step = settle(segment, answer, self._policy)
        self._is_function_error = reply.is_function_error
        self.progress = replace(self.progress, invocations=self.progress.invocations + 1)
        _log.info(
            "invoked function=%s shard=%s records=%d done=%d discarded=%d ms=%d",
            self.progress.function_name,
            self.progress.shard_id,
            len(segment.records),
            len(step.done),
            len(step.discarded),
            (self._clock() - started) * 1000,
        )
        if answer.first_failed is not None:
            self.note_error(_words(reply) if answer.is_error else "The function reported a failed record.")
        return step

    def _apply(self, step: Step) -> None:
        if step.done:
            self._advance(self.checkpoint.advance(step.done[-1].sequence_number, done=len(step.done)))
        if step.discarded and self._send_away(step):
            count = len(step.discarded)
            self._advance(self.checkpoint.advance(step.discarded[-1].sequence_number, discarded=count))

    def _advance(self, checkpoint: Checkpoint) -> None:
        self._ports.save(checkpoint)
        self.checkpoint = checkpoint
        self.progress = replace(
            self.progress,
            done=checkpoint.done,
            discarded=checkpoint.discarded,
            failing_since_time=None,
            failures=0,
        )

    def _send_away(self, step: Step) -> bool:
        # Losing records silently would be worse than a shard that waits for its destination.
        is_function_error = self._is_function_error and step.tries > 0
        given_up = GivenUp(
            self.progress.shard_id, step.discarded, step.reason, step.tries, is_function_error=is_function_error
        )
        attempts = 0
        while not self._stop.is_set():
            try:
                self._ports.give_up(given_up)
            except (ClientError, BotoCoreError, ValueError) as error:
                attempts += 1
                self.note_error(f"On-failure destination: {error}")
                self._stop.wait(backoff_s(attempts))
            else:
                return True
        return False


def _words(reply: Reply) -> str:
    if not reply.is_function_error:
        return "The function's report of failed records is malformed."
    try:
        error = json.loads(reply.body)
    except ValueError:
        return "The function failed without an error message."
    if not isinstance(error, dict):
        return "The function failed without an error message."
    return f"{error.get('errorType', 'Error')}: {error.get('errorMessage', '')}"
