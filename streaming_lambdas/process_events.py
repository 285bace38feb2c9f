"""Lambda: a batch of the stream → archived, committed and counted. Decode, one call, answer."""

import os
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from aws_processor import build, now
from clickstream import metrics
from clickstream.errors import InfrastructureError
from clickstream.intake.kinesis import all_done, decode_batch, retry_from
from clickstream.intake.portions import portion
from clickstream.settings import ProcessEventsSettings, load
from clickstream.stream.processing import EventProcessor

FUNCTION = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "process_events")
"""Name of the deployed function, set by Lambda: tells the environments of one account apart in metrics."""
WRITERS = 8
"""Counter pages are independent items: this many are written at the same time."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001  Lambda's signature
    """Process one batch. A failed service has the whole batch delivered again; bad events never fail it.

    Of a batch that holds more events than fit into memory, the first are done, and the rest is asked for again.
    """
    part = portion(decode_batch(event))
    batch = part.batch
    try:
        done = processor().process(batch, run_id=uuid.uuid4().hex)
    except InfrastructureError as error:
        sys.stdout.write(metrics.retry_line(FUNCTION, now(), batch.shard_id, error) + "\n")
        return retry_from(batch.records[0].sequence_number)
    done_time = now()
    counted = (metrics.RECORDS, metrics.EVENTS, metrics.LANDED, metrics.BAD)
    values: dict[str, float] = {name: done.total(name) for name in counted}
    if events := values[metrics.EVENTS]:
        values[metrics.BAD_PERCENT] = round(100 * values[metrics.BAD] / events, 2)
    age_ms = int((done_time - batch.records[0].received_time).total_seconds() * 1000)
    values |= {metrics.COMMITS: len(done.commits), metrics.LATENCY_MS: age_ms}
    lines = metrics.type_lines(FUNCTION, done_time, done.event_types)
    for line in (metrics.line(FUNCTION, done_time, values, shard_id=batch.shard_id), *lines):
        sys.stdout.write(line + "\n")
    return retry_from(part.rest) if part.rest else all_done()


@cache
def processor() -> EventProcessor:
    """The processor of this container, built from its settings at the first batch."""
    return build(load(ProcessEventsSettings, os.environ), ThreadPoolExecutor(WRITERS).map)
