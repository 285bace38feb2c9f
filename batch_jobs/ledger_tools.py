"""What the commands on the ledger have in common: the deployed parts of a stack, progress, and instants."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from aws_processor import settings_of
from aws_stores import DynamoTable, S3Bucket
from batch_jobs.stack import outputs
from clickstream.ledger import Ledger
from clickstream.repairing import Pages
from clickstream.settings import ProcessEventsSettings

T = TypeVar("T")


@dataclass(frozen=True)
class Deployed:
    """The parts of a deployed stack that the commands work with, and the settings of its `process_events`."""

    names: dict[str, str]
    settings: ProcessEventsSettings
    ledger: Ledger
    bucket: S3Bucket
    failures: S3Bucket
    pages: Pages

    @property
    def function(self) -> str:
        """Name of the function of `process_events`."""
        return self.names["ProcessEventsFunctionName"]


def deployed(stack: str) -> Deployed:
    """Look the stack up. Raises `ConfigError` or `InfrastructureError`."""
    names = outputs(stack)
    settings = settings_of(names["ProcessEventsFunctionName"])
    bucket = S3Bucket(settings.bucket)
    ledger = Ledger(DynamoTable(settings.ledger_table), bucket)
    counters, page_metrics = DynamoTable(settings.counters_table), DynamoTable(settings.page_metrics_table)
    pages = Pages(ledger, bucket, counters, page_metrics, settings.retention_days, now)
    return Deployed(names, settings, ledger, bucket, S3Bucket(names["FailureBucketName"]), pages)


def now() -> datetime:
    """This instant, UTC."""
    return datetime.now(UTC)


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """A parser with the stack that every command takes."""
    made = argparse.ArgumentParser(prog=f"python -m batch_jobs.{name}", description=description, allow_abbrev=False)
    made.add_argument("--stack", default="clickstream-local", help="stack whose outputs name everything")
    return made


def instant(text: str) -> datetime:
    """An ISO 8601 instant or date of a command line, UTC where it states no zone. Raises argparse's own error."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO 8601 time such as 2026-11-21T09:00") from error
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def shown(words: str, things: Iterable[T], total: int | None = None) -> Iterator[T]:
    """The things, with a progress bar on standard error where somebody watches."""
    if not sys.stderr.isatty():
        yield from things
        return
    from rich.console import Console  # not part of the Glue environment
    from rich.progress import track

    yield from track(things, words, total, console=Console(stderr=True), transient=True)
