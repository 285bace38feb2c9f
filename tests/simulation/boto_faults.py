"""Faults inside botocore's retry loop: what becomes of each HTTP request to the services that moto plays.

The real adapters, the real serializers and the real retries of the SDK run; a fault changes what one attempt does and
what the SDK hears of it. An actor gives control back before every attempt, so interleavings are those of requests.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from moto.core import models

from tests.simulation.actors import Fate, Kill
from tests.simulation.faults import Gate

Answer = tuple[int, Mapping[str, str], str | bytes]
"""Status, headers, body."""
Send = Callable[[AWSPreparedRequest], Answer]


class Wire:
    """Between botocore and moto: every attempt of every call of the running actor passes here."""

    def __init__(self, gate: Gate, seed: int, send: Send) -> None:
        self._gate = gate
        self._chance = random.Random(seed)  # noqa: S311  reproducible, not secret
        self._send = send

    def attempt(self, request: AWSPreparedRequest) -> Answer:
        """One attempt: reach the service or not, and answer or not."""
        if self._gate.actor is None:
            return self._send(request)
        call = _operation(request) or str(request.method), str(request.url)
        fate = self._gate.fate(call)
        if fate is Fate.REFUSED:
            return self._refused(request)
        if fate is Fate.LATE:
            self._gate.late.append((lambda: self._send(request), call))
        if fate in (Fate.KILLED_BEFORE, Fate.LATE):
            raise Kill
        answer = self._send(request)
        if fate is Fate.KILLED_AFTER:
            raise Kill
        return answer if fate is Fate.DONE else self._lost(request, answer)

    def _refused(self, request: AWSPreparedRequest) -> Answer:
        """Nothing happens: no connection, a throttle, a failed server, or a part of the keys left over."""
        kind = self._chance.choice(("connection", "throttle", "server", "part"))
        if kind == "connection":
            raise EndpointConnectionError(endpoint_url=request.url)
        if kind == "part" and _operation(request) == "BatchGetItem":
            return self._half(request)
        return _throttled(request) if kind == "throttle" else _failed(request)

    def _half(self, request: AWSPreparedRequest) -> Answer:
        """The service answers for the first half of the keys, and leaves the others over."""
        body = json.loads(str(request.body, "utf-8") if isinstance(request.body, bytes) else str(request.body))
        [(table, wanted)] = body["RequestItems"].items()
        half = len(wanted["Keys"]) // 2
        left = wanted | {"Keys": wanted["Keys"][half:]}
        found: list[object] = []
        if half:
            body["RequestItems"][table] = wanted | {"Keys": wanted["Keys"][:half]}
            request.body = json.dumps(body).encode()
            found = json.loads(self._send(request)[2])["Responses"][table]
        return 200, {}, json.dumps({"Responses": {table: found}, "UnprocessedKeys": {table: left}})

    def _lost(self, request: AWSPreparedRequest, answer: Answer) -> Answer:
        """It happened, and the SDK hears nothing, an error, or an answer that fails its checksum."""
        kind = self._chance.choice(("timeout", "closed", "server", "checksum"))
        if kind == "timeout":
            raise ReadTimeoutError(endpoint_url=request.url)
        if kind == "closed":
            raise ConnectionClosedError(endpoint_url=request.url)
        if kind == "checksum" and _operation(request):
            status, headers, body = answer
            return status, {**headers, "x-amz-crc32": "1"}, body
        return _failed(request)


@contextmanager
def wired(gate: Gate, seed: int) -> Iterator[None]:
    """While this lasts, moto is reached over a `Wire`, and nobody really sleeps between attempts."""
    stub = models.botocore_stubber
    wire = Wire(gate, seed, stub.process_request)  # type: ignore[arg-type]  # moto's own loose types
    awake = SimpleNamespace(sleep=lambda _: None)
    with (
        patch.object(stub, "process_request", wire.attempt),
        patch("botocore.endpoint.time", awake),
        patch("aws_stores.time", awake),
    ):
        yield


def _operation(request: AWSPreparedRequest) -> str:
    """DynamoDB's operation; empty for S3."""
    target: str | bytes = request.headers.get("X-Amz-Target", "")
    return (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]


def _throttled(request: AWSPreparedRequest) -> Answer:
    if _operation(request):
        return _refusal("ProvisionedThroughputExceededException", 400)
    return 503, {}, "<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>injected</Message></Error>"


def _failed(request: AWSPreparedRequest) -> Answer:
    if _operation(request):
        return _refusal("InternalServerError", 500)
    return 500, {}, "<?xml version='1.0'?><Error><Code>InternalError</Code><Message>injected</Message></Error>"


def _refusal(code: str, status: int) -> Answer:
    return status, {}, json.dumps({"__type": f"com.amazonaws#{code}", "message": "injected"})
