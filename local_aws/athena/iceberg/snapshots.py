"""Which state of a table a query reads: FOR VERSION AS OF, FOR TIMESTAMP AS OF, or the newest."""

import datetime as dt

from pyiceberg.schema import Schema
from pyiceberg.table import Table
from sqlglot import exp

from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.iceberg.filters import Evaluate


def snapshot_of(table: Table, version: exp.Expr | None, evaluate: Evaluate) -> int | None:
    """Return the id of the snapshot that a query asks for; nothing for the newest.

    Raises:
        QueryError: There is no such version, or none so old.
        NotSupportedError: A version that is not written as a value.
    """
    if version is None:
        return None
    value = evaluate(version.args["expression"])
    if str(version.args.get("kind", "")).upper() != "AS OF" or value is None:
        raise NotSupportedError(f"time travel by {version.sql(dialect='trino')}")
    if version.name.upper() == "TIMESTAMP":
        return _at(table, value)
    if isinstance(value, str):
        return _named(table, value)
    if not isinstance(value, int) or table.snapshot_by_id(value) is None:
        raise QueryError("INVALID_ARGUMENTS", f"Iceberg snapshot ID does not exist: {value}")
    return value


def _at(table: Table, value: object) -> int:
    if not isinstance(value, dt.date):
        raise QueryError("TYPE_MISMATCH", "line 1:1: FOR TIMESTAMP AS OF needs a timestamp")
    moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    found = [entry for entry in table.history() if entry.timestamp_ms <= moment.timestamp() * 1000]
    if not found:
        name = ".".join(table.name())
        raise QueryError("INVALID_ARGUMENTS", f"No version history table {name} at or before {moment.isoformat()}")
    return found[-1].snapshot_id


def _named(table: Table, name: str) -> int:
    if name not in table.refs():
        raise QueryError("INVALID_ARGUMENTS", f"Cannot find snapshot with reference name: {name}")
    return table.refs()[name].snapshot_id


def schema_of(table: Table, snapshot_id: int | None) -> Schema:
    """Return the columns that a state of the table had."""
    snapshot = table.snapshot_by_id(snapshot_id) if snapshot_id is not None else None
    if snapshot is None or snapshot.schema_id is None:
        return table.schema()
    return table.schemas()[snapshot.schema_id]
