"""Lambda behind HTTP: a request of a tracker → records of the stream, then the answer. Decode, one call, answer."""

import os
import random
import sys
import time
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_collector import CALL_S, build
from clickstream import metrics
from clickstream.collecting.invocations import request_of, response_of
from clickstream.collecting.putting import Patience
from clickstream.collecting.serving import Collector
from clickstream.settings import CollectEventsSettings, load

FUNCTION = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "collect_events")
"""Name of the deployed function, set by Lambda: tells the environments of one account apart in metrics."""
TRIES_S = 4.0
"""Another call begins within this: a client that is told to come back later is served better than one that waits."""
ANSWER_S = 0.5
"""Kept for the answer itself."""
_jitter = random.Random()  # noqa: S311  spreads tries, no secret


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401  Lambda's context
    """Answer one request. Success is said only when the stream has every event of it.

    After a 503 some of the events may be in the stream: the client sends all again with the same ids, and the copies
    are dropped where events become unique.
    """
    served = collector().serve(request_of(event), _patience(context))
    line = metrics.line(
        FUNCTION, datetime.now(UTC), served.values, status=served.answer.status, **metrics.trouble(served.problem)
    )
    sys.stdout.write(line + "\n")
    return response_of(served.answer, event)


@cache
def collector() -> Collector:
    """The collector of this container, built from its settings at the first request."""
    return build(load(CollectEventsSettings, os.environ))


def _patience(context: Any) -> Patience:  # noqa: ANN401  Lambda's context
    """Calls may begin while one of them could still end before Lambda stops the function."""
    left_s = context.get_remaining_time_in_millis() / 1000 - CALL_S - ANSWER_S
    deadline = time.monotonic() + min(TRIES_S, left_s)
    return Patience(lambda: deadline - time.monotonic(), time.sleep, _jitter)
