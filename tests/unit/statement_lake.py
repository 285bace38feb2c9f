"""Statements of `sql/` over rows in memory: the engine of the local Athena, without its API and without files.

An answer takes milliseconds, so that statements can be compared with plain Python on many generated lakes.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from awswrangler._sql_formatter import _process_sql_params

from clickstream.lake.session_events import SCHEMA as SESSION_SCHEMA
from clickstream.lake.session_events import keyed
from clickstream.lake.session_rules import Rules
from clickstream.lake.sessionizing import sessions
from clickstream.lake.statements import Value, read_statement
from clickstream.lake_table import LakeTable
from clickstream.tables import BAD_EVENTS, LAKE_TABLES, RAW_EVENTS, SESSIONS, hour_text
from local_aws.athena.casts import in_result_types
from local_aws.athena.duck import Database
from local_aws.athena.translate.dialect import generate, parse
from local_aws.athena.translate.hints import annotate
from local_aws.athena.translate.rewrite import rewrite

Row = Mapping[str, Any]
SQL = Path(__file__).parents[2] / "sql"
ASKED = datetime(2027, 1, 1, tzinfo=UTC)
_TYPES = {
    table.name: {column.name: column.glue_type for column in (*table.columns, *table.partition_keys)}
    for table in LAKE_TABLES
}


class StatementLake:
    """Answers statements over the rows that are given with each question.

    Args:
        folder: An empty folder where DuckDB may spill.
    """

    def __init__(self, folder: Path) -> None:
        spill = folder / "spill"
        spill.mkdir()
        self._database = Database(spill)

    def ask(
        self,
        name: str,
        *,
        events: Iterable[Row] = (),
        visits: Iterable[Row] = (),
        bad: Iterable[Row] = (),
        **values: Value,
    ) -> list[dict[str, Any]]:
        """Rows of the answer. `visits` are rows of the table `sessions`; all received hours are read."""
        lake = {RAW_EVENTS: list(events), SESSIONS: list(visits), BAD_EVENTS: list(bad)}
        statement = read_statement(SQL / f"{name}.sql")
        arrived = {hour_text(row["received_time"]) for table in (RAW_EVENTS, BAD_EVENTS) for row in lake[table]}
        bound = statement.bind(sorted(arrived), values)
        cursor = self._database.cursor()
        try:
            for table, rows in lake.items():
                cursor.register(table.name, _table(table, rows))
            sql = in_result_types(cursor, _duck_sql(_process_sql_params(bound.sql, bound.params)))
            return [dict(row) for row in cursor.sql(sql).to_arrow_table().to_pylist()]
        finally:
            cursor.close()

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def built_sessions(events: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows of `sessions` that the nightly job makes of these events."""
    rows = [{name: row.get(name) for name in SESSION_SCHEMA.names} for row in events]
    found = sessions(keyed(pa.Table.from_pylist(rows, schema=SESSION_SCHEMA)), Rules())
    return [dict(row) for row in found.to_pylist()]


@lru_cache(maxsize=64)
def _duck_sql(sql: str) -> str:
    tree = parse(sql)
    annotate(tree, _TYPES)
    return generate(rewrite(tree, ASKED))


def _table(table: LakeTable, rows: list[Row]) -> pa.Table:
    """The rows as a reader of Parquet shows them: instants in UTC, without a zone; partitions as columns."""
    schema = pa.schema([*((c.name, c.type) for c in (*table.columns, *table.partition_keys))])
    moment = "start_time" if table is SESSIONS else "received_time"
    filled = [
        {name: row.get(name) for name in schema.names} | {"dt": row[moment].date(), "hour": row[moment].hour}
        for row in rows
    ]
    found = pa.Table.from_pylist(filled, schema=schema)
    for place, field in enumerate(schema):
        if pa.types.is_timestamp(field.type):
            found = found.set_column(place, field.name, found[field.name].cast(pa.timestamp("us")))
    return found
