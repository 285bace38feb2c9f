"""All calls made in order, and what should come of them."""

import re
from collections.abc import Callable
from functools import partial

import boto3

from tests.aws.wrangler_calls import iceberg, queries, statements, tables
from tests.aws.wrangler_calls.place import CALLS, Place

ORDER = (tables, queries, statements, iceberg)
"""The modules whose functions are the calls: later ones use what earlier ones made."""
REFUSED = {
    "read_sql_query of an unknown column": "QueryFailed: COLUMN_NOT_FOUND: ",
    "DELETE of a table without transactions": "QueryFailed: NOT_SUPPORTED: Modifying Hive table rows is only ",
    "read_sql_query of data of another type": "QueryFailed: HIVE_BAD_DATA: Field a's type int64 in parquet file ",
}
"""What AWS refuses, too."""
MISSING = {"catalog.search_tables": r"(?i).*search_?tables"}
"""Glue's SearchTables is in no emulator."""


def outcomes(place: Place) -> dict[str, str]:
    """Make all calls, and return of each `passed`, or the error."""
    boto3.client("s3").create_bucket(Bucket=place.name)
    calls = [(name, f) for module in ORDER for name, f in CALLS.items() if f.__module__ == module.__name__]
    return {name: outcome_of(partial(function, place)) for name, function in calls}


def outcome_of(step: Callable[[], None]) -> str:
    """Take a step of a test, and return `passed`, or the error."""
    try:
        step()
    except Exception as error:  # noqa: BLE001 - whatever goes wrong in a client is what the test tells
        return f"{type(error).__name__}: {error}"
    return "passed"


def differing(found: dict[str, str]) -> dict[str, str]:
    """Return the calls of which something else came than should."""
    wanted = {**dict.fromkeys(found, "passed$"), **REFUSED, **MISSING}
    return {name: outcome for name, outcome in found.items() if not re.match(wanted[name], outcome, re.DOTALL)}
