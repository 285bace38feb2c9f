"""The lake of a deployed stack, for the commands that work on it by hand."""

import argparse
import os
from datetime import timedelta

from aws_catalog import GlueCatalog
from batch_jobs.ledger_tools import deployed, now
from clickstream.lake.file_shapes import parse
from clickstream.lake.generations import hour_start
from clickstream.lake.work import LANDING_KEPT, Lake
from clickstream.tables import hour_text


def stack_lake(stack: str) -> Lake:
    """The lake that the outputs of the stack name. Raises `ConfigError` or `InfrastructureError`."""
    found = deployed(stack)
    version = os.environ.get("CLICKSTREAM_CODE_VERSION", "dev")
    return Lake(
        bucket=found.bucket,
        ledger=found.ledger,
        catalog=GlueCatalog(found.names["DatabaseName"]),
        clock=now,
        code_version=version,
        shape=parse(found.names.get("FileShape", "{}")),
        landing_kept=kept_landing(found.names),
        first_hour=found.first_hour,
    )


def kept_landing(names: dict[str, str]) -> timedelta:
    """How long landing stays, by the outputs of a stack."""
    days = names.get("LandingRetentionDays")
    return timedelta(days=int(days)) if days else LANDING_KEPT


def hour(text: str) -> str:
    """A received hour of a command line. Raises argparse's own error for anything but `2026-11-21T09`."""
    try:
        return hour_text(hour_start(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no hour such as 2026-11-21T09") from error
