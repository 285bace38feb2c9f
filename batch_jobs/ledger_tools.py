"""What the commands on the ledger have in common: the deployed parts of a stack, and progress."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from aws_processor import settings_of, variables_of
from aws_stores import DynamoTable, S3Bucket
from batch_jobs.stack import outputs
from clickstream.lake.retention import first_hour
from clickstream.ledger import Ledger
from clickstream.settings import PREFIX, ProcessEventsSettings
from clickstream.stream.repairing import Pages

T = TypeVar("T")
RETENTION_DAYS = 30
"""Of counter pages, where the function does not say."""
_RETENTION = f"{PREFIX}RETENTION_DAYS"


@dataclass(frozen=True)
class Deployed:
    """The parts of a deployed stack that the commands work with. They must work when its functions do not."""

    names: dict[str, str]
    ledger: Ledger
    bucket: S3Bucket
    failures: S3Bucket
    pages: Pages

    @property
    def function(self) -> str:
        """Name of the function of `process_events`."""
        return self.names["ProcessEventsFunctionName"]

    @property
    def settings(self) -> ProcessEventsSettings:
        """The settings of that function. Raises `ConfigError` if it could not start with them."""
        return settings_of(self.function)

    @property
    def first_hour(self) -> str:
        """The first received hour that is not past its retention."""
        return first_hour(now(), int(self.names.get("RawEventsRetentionDays", 0)))


def deployed(stack: str) -> Deployed:
    """Look the stack up. Raises `ConfigError` or `InfrastructureError`."""
    names = outputs(stack)
    bucket = S3Bucket(names["BucketName"])
    ledger = Ledger(DynamoTable(names["LedgerTableName"]), bucket)
    counters, page_metrics = DynamoTable(names["CountersTableName"]), DynamoTable(names["PageMetricsTableName"])
    pages = Pages(ledger, bucket, counters, page_metrics, retention_days(names), now)
    return Deployed(names, ledger, bucket, S3Bucket(names["FailureBucketName"]), pages)


def retention_days(names: dict[str, str]) -> int:
    """Days that the counter pages of this stack are kept. Raises `InfrastructureError`."""
    return int(variables_of(names["ProcessEventsFunctionName"]).get(_RETENTION, RETENTION_DAYS))


def now() -> datetime:
    """This instant, UTC."""
    return datetime.now(UTC)


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """A parser with the stack that every command takes."""
    made = argparse.ArgumentParser(prog=f"python -m batch_jobs.{name}", description=description, allow_abbrev=False)
    made.add_argument("--stack", default="clickstream-local", help="stack whose outputs name everything")
    return made


def shown(words: str, things: Iterable[T], total: int | None = None) -> Iterator[T]:
    """The things, with a progress bar on standard error where somebody watches."""
    if not sys.stderr.isatty():
        yield from things
        return
    from rich.console import Console  # not part of the Glue environment
    from rich.progress import track

    yield from track(things, words, total, console=Console(stderr=True), transient=True)
