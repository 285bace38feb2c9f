"""Faults of AWS services inside the SDK's own retry loop, on the account in memory.

A fault is chosen by the number of the request, counted over all services. Requests of the SDK's own retries are counted
too, so that three failing ones in a row are what a caller sees as one failed call.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from moto.core.models import botocore_stubber

TRIES = 3
"""Requests of one call under the project's client configuration."""
Answer = tuple[int, dict[str, Any], str | bytes] | None


class Fault(Enum):
    """What happens to a request."""

    THROTTLED = auto()
    BROKEN = auto()
    """The service answers with an internal error and has done nothing."""
    UNREACHABLE = auto()
    UNANSWERED = auto()
    """Done, and the reply is lost."""
    BROKEN_AFTERWARDS = auto()
    """Done, and the service answers with an internal error."""


@dataclass
class ServiceFaults:
    """Counts requests and lets some of them fail: `count` of them, from number `first` on (from 1)."""

    fault: Fault | None = None
    first: int = 0
    count: int = 0
    requests: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def active(self) -> Iterator["ServiceFaults"]:
        """Within the context requests are counted and fail; pauses between tries take no time."""
        original = botocore_stubber.process_request
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("time.sleep", lambda _: None)
            patch.setattr(botocore_stubber, "process_request", lambda request: self._answer(request, original))
            yield self

    def _answer(self, request: Any, real: Callable[[Any], Answer]) -> Answer:
        with self._lock:
            self.requests += 1
            is_hit = self.first <= self.requests < self.first + self.count
        if self.fault is None or not is_hit:
            return real(request)
        if self.fault in (Fault.UNANSWERED, Fault.BROKEN_AFTERWARDS):
            real(request)
        match self.fault:
            case Fault.UNREACHABLE:
                raise ConnectionClosedError(endpoint_url=request.url)
            case Fault.UNANSWERED:
                raise ReadTimeoutError(endpoint_url=request.url)
            case Fault.THROTTLED:
                return _error(request, "SlowDown", 503, "ThrottlingException", 400)
            case _:
                return _error(request, "InternalError", 500, "InternalServerError", 500)


def _error(request: Any, s3_code: str, s3_status: int, code: str, status: int) -> Answer:
    """An error as the service of the request words it."""
    if "s3" in request.url.split("/")[2]:
        return s3_status, {}, f"<?xml version='1.0'?><Error><Code>{s3_code}</Code><Message>no</Message></Error>"
    if "sns" in request.url.split("/")[2]:
        error = f"<Type>Sender</Type><Code>{code}</Code><Message>no</Message>"
        return status, {}, f"<ErrorResponse><Error>{error}</Error><RequestId>1</RequestId></ErrorResponse>"
    return status, {}, json.dumps({"__type": code, "message": "no"})
