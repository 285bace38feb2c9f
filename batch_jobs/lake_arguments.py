"""The command line that every job on the lake has in common, and the lake it describes."""

import argparse
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from aws_catalog import GlueCatalog
from aws_stores import DynamoTable, S3Bucket
from clickstream.errors import ConfigError
from clickstream.lake import file_shapes
from clickstream.lake.generations import hour_start
from clickstream.lake.retention import first_date, first_hour
from clickstream.lake.work import LANDING_KEPT, Lake
from clickstream.ledger import Ledger
from clickstream.settings import FileShape
from clickstream.tables import hour_text


def parser(description: str) -> argparse.ArgumentParser:
    """A parser with the arguments that `lake` needs."""
    made = argparse.ArgumentParser(description=description, allow_abbrev=False)
    made.add_argument("--bucket", required=True, help="name of the lake's bucket")
    made.add_argument("--database", required=True, help="name of the Glue database")
    made.add_argument("--ledger-table", required=True, help="name of the DynamoDB table with the commits")
    made.add_argument("--now", type=_instant, metavar="TIME", help="work as if it were this time, ISO 8601, UTC")
    add_shape(made)
    add_retention(made)
    add_masked(made)
    return made


def add_shape(made: argparse.ArgumentParser) -> None:
    """The argument that says what data files look like."""
    meaning = 'what is not as measured in the files that are written: {"codec": "snappy"}'
    made.add_argument("--file-shape", type=_shape, default=FileShape(), metavar="JSON", help=meaning)


def add_retention(made: argparse.ArgumentParser) -> None:
    """The arguments that say how long things are kept, for parsers that `parser` did not make."""
    meanings = {
        "--raw-events-days": "leave received hours alone that are older; 0: none is",
        "--sessions-days": "the same for dates of sessions; 0: as long as raw_events",
    }
    for name, meaning in meanings.items():
        made.add_argument(name, type=int, default=0, metavar="DAYS", help=meaning)
    days = LANDING_KEPT // timedelta(days=1)
    meaning = f"days that landing is kept after compaction; default {days}"
    made.add_argument("--landing-days", type=int, default=days, metavar="DAYS", help=meaning)


def add_masked(made: argparse.ArgumentParser) -> None:
    """The argument that says whether tables have masked copies."""
    meaning = "whether raw_events and sessions have copies without persons; default off"
    made.add_argument("--masked-tables", choices=("on", "off"), default="off", help=meaning)


def parse(made: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """The options. Arguments that are not known are passed over: Glue adds its own, and steps share a line."""
    options, _ = made.parse_known_args(argv)
    return options


def lake(options: argparse.Namespace) -> Lake:
    """The lake that the options name, at whatever endpoint the environment names."""
    bucket = S3Bucket(options.bucket)
    clock = (lambda: options.now) if options.now else (lambda: datetime.now(UTC))
    return Lake(
        bucket=bucket,
        ledger=Ledger(DynamoTable(options.ledger_table), bucket),
        catalog=GlueCatalog(options.database),
        clock=clock,
        shape=options.file_shape,
        code_version=os.environ.get("CLICKSTREAM_CODE_VERSION", "dev"),
        landing_kept=timedelta(days=options.landing_days),
        first_hour=first_hour(clock(), options.raw_events_days),
        first_date=first_date(clock(), options.sessions_days or options.raw_events_days),
        is_masked=options.masked_tables == "on",
    )


def hour(text: str) -> str:
    """A received hour of a command line. Raises `ValueError` for anything but `2026-11-21T09`."""
    return hour_text(hour_start(text))


def _shape(text: str) -> FileShape:
    try:
        return file_shapes.parse(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
