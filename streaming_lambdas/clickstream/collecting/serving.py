"""One request from arrival to answer: whose it is, whether it may, and success only once the stream has all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from clickstream import metrics
from clickstream.collecting.answers import Answer, refused_for_now, with_cors
from clickstream.collecting.collecting import Collected, collect
from clickstream.collecting.packing import records
from clickstream.collecting.putting import Outcome, Patience, Put, put_all
from clickstream.collecting.quotas import Quotas
from clickstream.collecting.requests import Limits, Request
from clickstream.collecting.write_keys import WriteKeys
from clickstream.errors import InfrastructureError

LEAST_RETRY_AFTER_S, MOST_RETRY_AFTER_S = 5, 15
"""Of a stream that pushes back. Drawn, so that clients do not come back all at once."""
_LIMITED: Literal[429] = 429
_FORBIDDEN = 403


@dataclass(frozen=True)
class Served:
    """What came of a request.

    Attributes:
        answer: For the client.
        values: For CloudWatch, by the names in `clickstream.metrics`.
        problem: For the log: why something was not taken at once; empty if nothing went wrong.
    """

    answer: Answer
    values: dict[str, float]
    problem: str = ""


class Collector:
    """What a container keeps from one request to the next.

    Args:
        limits: What one request may hold.
        keys: Write keys and what they stand for.
        quotas: What a key may send in a minute.
        buckets: Into how many parts sessions are divided; at least as many as the stream has shards.
        put: One call of the stream.
    """

    def __init__(self, *, limits: Limits, keys: WriteKeys, quotas: Quotas, buckets: int, put: Put) -> None:
        self._limits, self._keys, self._quotas = limits, keys, quotas
        self._buckets, self._put = buckets, put

    def serve(self, request: Request, patience: Patience) -> Served:
        """Answer a request; never raises for anything that a client can send or a service can do."""
        collected = collect(request, self._limits)
        if not collected.events:
            return _served(collected.answer)
        owner = self._keys.owner(collected.write_key)
        if owner is None:
            return _served(self._answer(_unknown_key(), request))
        wait_s, problem = self._wait_s(owner, len(collected.events), request)
        if wait_s:
            return _served(self._answer(refused_for_now(wait_s, _LIMITED), request), problem="over its limit")
        return self._deliver(collected, request, patience, problem)

    def _wait_s(self, owner: str, events: int, request: Request) -> tuple[int, str]:
        """Seconds until these events are within the limit. If nobody can say, they are let through."""
        try:
            return self._quotas.wait_s(owner, events, request.received_time), ""
        except InfrastructureError as error:
            return 0, f"limits are not kept: {error}"

    def _deliver(self, collected: Collected, request: Request, patience: Patience, problem: str) -> Served:
        named = self._keys.with_app(collected.events, collected.write_key)
        outcome = put_all(records(named, self._buckets), self._put, patience)
        values = _values(outcome, len(collected.events), is_unchecked=bool(problem))
        if outcome.left:
            wait_s = patience.jitter.randint(LEAST_RETRY_AFTER_S, MOST_RETRY_AFTER_S)
            return _served(self._answer(refused_for_now(wait_s), request), values, outcome.problem)
        return _served(collected.answer, values, problem or outcome.problem)

    def _answer(self, answer: Answer, request: Request) -> Answer:
        return with_cors(answer, request, self._limits)


def _served(answer: Answer, values: Mapping[str, float] | None = None, problem: str = "") -> Served:
    """Every request counts, and for its share in those that were not taken."""
    shares = {metrics.REQUESTS: 1, metrics.REFUSED_PERCENT: 0 if answer.is_success else 100}
    limited = {metrics.LIMITED: 1} if answer.status == _LIMITED else {}
    return Served(answer, {**shares, **limited, **(values or {})}, problem)


def _values(outcome: Outcome, events: int, *, is_unchecked: bool) -> dict[str, float]:
    return {
        # Of a request that was not taken as a whole, all events come again.
        metrics.EVENTS: 0 if outcome.left else events,
        metrics.RECORDS: outcome.taken,
        metrics.RESENT: outcome.resent,
        metrics.UNAVAILABLE: int(outcome.left > 0),
        metrics.UNCHECKED: int(is_unchecked),
    }


def _unknown_key() -> Answer:
    sentence = "this write key is not known here: look for it in the configuration of the collector"
    body = msgspec.json.encode({"success": False, "error": sentence})
    return Answer(_FORBIDDEN, {"content-type": "application/json"}, body)
