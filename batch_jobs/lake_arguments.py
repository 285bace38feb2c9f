"""The command line that every job on the lake has in common, and the lake it describes."""

import argparse
import os
from collections.abc import Sequence
from datetime import UTC, datetime

from aws_catalog import GlueCatalog
from aws_stores import DynamoTable, S3Bucket
from clickstream.lake.generations import hour_start
from clickstream.lake.work import Lake
from clickstream.ledger import Ledger
from clickstream.tables import hour_text


def parser(description: str) -> argparse.ArgumentParser:
    """A parser with the arguments that `lake` needs."""
    made = argparse.ArgumentParser(description=description, allow_abbrev=False)
    made.add_argument("--bucket", required=True, help="name of the lake's bucket")
    made.add_argument("--database", required=True, help="name of the Glue database")
    made.add_argument("--ledger-table", required=True, help="name of the DynamoDB table with the commits")
    made.add_argument("--now", type=_instant, metavar="TIME", help="work as if it were this time, ISO 8601, UTC")
    return made


def parse(made: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """The options. Arguments that are not known are passed over: Glue adds its own, and steps share a line."""
    options, _ = made.parse_known_args(argv)
    return options


def lake(options: argparse.Namespace) -> Lake:
    """The lake that the options name, at whatever endpoint the environment names."""
    bucket = S3Bucket(options.bucket)
    return Lake(
        bucket=bucket,
        ledger=Ledger(DynamoTable(options.ledger_table), bucket),
        catalog=GlueCatalog(options.database),
        clock=(lambda: options.now) if options.now else (lambda: datetime.now(UTC)),
        code_version=os.environ.get("CLICKSTREAM_CODE_VERSION", "dev"),
    )


def hour(text: str) -> str:
    """A received hour of a command line. Raises `ValueError` for anything but `2026-11-21T09`."""
    return hour_text(hour_start(text))


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
