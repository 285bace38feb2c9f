"""Asks the local engine for the value of an expression, without tables and without an endpoint."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from local_aws.athena.casts import in_result_types
from local_aws.athena.duck import Database
from local_aws.athena.errors import from_duckdb
from local_aws.athena.translate.dialect import generate, parse
from local_aws.athena.translate.hints import annotate
from local_aws.athena.translate.rewrite import rewrite

NOON = dt.datetime(2026, 11, 22, 12, 30, 15, 250_000, tzinfo=dt.UTC)


@contextmanager
def opened(folder: Path) -> Iterator[Database]:
    """Open an embedded database that spills into the folder."""
    spill = folder / "spill"
    spill.mkdir()
    database = Database(spill)
    yield database
    database.close()


def value_of(database: Database, expression: str) -> Any:
    """Return the first value of a query without tables."""
    tree = parse(f"SELECT {expression}")
    annotate(tree, {})
    cursor = database.cursor()
    try:
        table = cursor.sql(in_result_types(cursor, generate(rewrite(tree, NOON)))).to_arrow_table()
    except duckdb.Error as error:
        raise from_duckdb(error) from error
    finally:
        cursor.close()
    value = table.columns[0].to_pylist()[0]
    return dict(value) if pa.types.is_map(table.schema[0].type) and value is not None else value
