"""Lambda: a batch of the stream → archived, committed and counted. Decode, one call, answer."""

import os
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any

import boto3
import msgspec

from aws_stores import CONFIG, DynamoTable, S3Bucket, call, stream_epoch
from clickstream import metrics
from clickstream.applying import Applier
from clickstream.errors import ConfigError, InfrastructureError
from clickstream.kinesis import all_done, decode_batch, retry_from
from clickstream.ledger import Ledger
from clickstream.positions import Epochs
from clickstream.processing import EventProcessor
from clickstream.rows import Pseudonym
from clickstream.settings import ProcessEventsSettings, load

FUNCTION = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "process_events")
"""Name of the deployed function, set by Lambda: tells the environments of one account apart in metrics."""
WRITERS = 8
"""Counter pages are independent items: this many are written at the same time."""


class PseudonymSecret(msgspec.Struct):
    """What the secret holds. A short key could be found by trying, and user ids with it."""

    key_id: Annotated[str, msgspec.Meta(min_length=1)]
    key: Annotated[str, msgspec.Meta(min_length=16)]


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001  Lambda's signature
    """Process one batch. A failed service has the whole batch delivered again; bad events never fail it."""
    batch = decode_batch(event)
    try:
        done = processor().process(batch, run_id=uuid.uuid4().hex)
    except InfrastructureError as error:
        sys.stdout.write(metrics.retry_line(FUNCTION, _now(), batch.shard_id, error) + "\n")
        return retry_from(batch.records[0].sequence_number)
    now = datetime.now(UTC)
    counts = {name: done.total(name) for name in (metrics.RECORDS, metrics.EVENTS, metrics.LANDED, metrics.BAD)}
    age_ms = int((now - batch.records[0].received_time).total_seconds() * 1000)
    values = counts | {metrics.COMMITS: len(done.commits), metrics.LATENCY_MS: age_ms}
    sys.stdout.write(metrics.line(FUNCTION, now, values, shard_id=batch.shard_id) + "\n")
    return all_done()


@cache
def processor() -> EventProcessor:
    """The processor of this container, built from its settings at the first batch."""
    settings = load(ProcessEventsSettings, os.environ)
    bucket = S3Bucket(settings.bucket)
    ledger = Ledger(DynamoTable(settings.ledger_table), bucket)
    counters, page_metrics = DynamoTable(settings.counters_table), DynamoTable(settings.page_metrics_table)
    return EventProcessor(
        ledger=ledger,
        bucket=bucket,
        applier=Applier(ledger, counters, page_metrics, settings.retention_days, _now, ThreadPoolExecutor(WRITERS).map),
        epochs=Epochs(stream_epoch, _now),
        now=_now,
        pseudonym=_pseudonym(settings.pseudonym_secret),
        code_version=settings.code_version,
    )


def _pseudonym(secret: str) -> Pseudonym | None:
    if not secret:
        return None
    reply = call(boto3.client("secretsmanager", config=CONFIG).get_secret_value, SecretId=secret)
    try:
        found = msgspec.json.decode(reply.get("SecretString", ""), type=PseudonymSecret)
    except msgspec.DecodeError as error:
        raise ConfigError(f'the secret {secret} must be {{"key_id": …, "key": …}} with 16 characters of key') from error
    return Pseudonym(found.key_id, found.key.encode())


def _now() -> datetime:
    return datetime.now(UTC)
