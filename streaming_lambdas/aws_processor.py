"""The processor of `process_events` on AWS, built from its settings: for the function, and for whoever recovers.

`settings_of` reads the settings of a deployed function, so that a recovery runs with the same tables and key.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import boto3
import msgspec

from aws_stores import CONFIG, DynamoTable, S3Bucket, call, stream_epoch
from clickstream.enrichment.geography import Countries
from clickstream.errors import ConfigError
from clickstream.intake.rows import Pseudonym
from clickstream.ledger import Ledger
from clickstream.positions import Epochs
from clickstream.settings import ProcessEventsSettings, load
from clickstream.stream.applying import Applier
from clickstream.stream.processing import EventProcessor


class PseudonymSecret(msgspec.Struct):
    """What the secret holds. A short key could be found by trying, and user ids with it."""

    key_id: Annotated[str, msgspec.Meta(min_length=1)]
    key: Annotated[str, msgspec.Meta(min_length=16)]


def settings_of(function: str) -> ProcessEventsSettings:
    """The settings that the deployed function runs with, without a country file that is not on this machine.

    Raises `InfrastructureError` or `ConfigError`.
    """
    settings = load(ProcessEventsSettings, variables_of(function))
    is_here = Path(settings.geoip_file).is_file()
    return settings if is_here else msgspec.structs.replace(settings, geoip_file="")


def variables_of(function: str) -> dict[str, str]:
    """The environment variables of a deployed function, right or wrong. Raises `InfrastructureError`."""
    found = call(boto3.client("lambda", config=CONFIG).get_function_configuration, FunctionName=function)
    variables: dict[str, str] = found.get("Environment", {}).get("Variables", {})
    return variables


def mappings_of(function: str) -> list[dict[str, Any]]:
    """The event source mappings of a deployed function, as the service describes them. Raises `InfrastructureError`."""
    # One page of answers holds a hundred mappings, and a function has one.
    found = call(boto3.client("lambda", config=CONFIG).list_event_source_mappings, FunctionName=function)
    mappings: list[dict[str, Any]] = found["EventSourceMappings"]
    return mappings


def build(settings: ProcessEventsSettings, each: Callable[..., Iterable[None]] = map) -> EventProcessor:
    """The processor. `each` writes the pages of a commit: `map`, or a parallel one."""
    bucket = S3Bucket(settings.bucket)
    ledger = Ledger(DynamoTable(settings.ledger_table), bucket)
    counters, page_metrics = DynamoTable(settings.counters_table), DynamoTable(settings.page_metrics_table)
    return EventProcessor(
        ledger=ledger,
        bucket=bucket,
        applier=Applier(ledger, counters, page_metrics, settings.retention_days, now, each),
        epochs=Epochs(stream_epoch, now),
        now=now,
        pseudonym=_pseudonym(settings.pseudonym_secret),
        country_of=Countries(Path(settings.geoip_file)).of if settings.geoip_file else None,
        code_version=settings.code_version,
    )


def now() -> datetime:
    """This instant, UTC."""
    return datetime.now(UTC)


def _pseudonym(secret: str) -> Pseudonym | None:
    if not secret:
        return None
    reply = call(boto3.client("secretsmanager", config=CONFIG).get_secret_value, SecretId=secret)
    try:
        found = msgspec.json.decode(reply.get("SecretString", ""), type=PseudonymSecret)
    except msgspec.DecodeError as error:
        raise ConfigError(f'the secret {secret} must be {{"key_id": …, "key": …}} with 16 characters of key') from error
    return Pseudonym(found.key_id, found.key.encode())
