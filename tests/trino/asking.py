"""What a real Trino is asked: the expressions and queries whose answers the local Athena is held to.

`TRINO_URL` names the server, `TRINO_CATALOG` (`memory`) and `TRINO_SCHEMA` (`clickstream_tests`) a place of which the
table `clicks` is ours: it is dropped and made anew.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

from tests.aws.athena_answers.events import EVENTS, Row
from tests.trino.trino import Trino

_COLUMNS = {
    "event_id": "varchar",
    "visitor": "varchar",
    "happened": "varchar",
    "kind": "varchar",
    "page": "varchar",
    "referrer": "varchar",
    "amount": "double",
    "pieces": "integer",
    "details": "varchar",
    "labels": "array(varchar)",
    "device": "map(varchar, varchar)",
    "place": "row(country varchar, city varchar)",
    "basket": "array(row(sku varchar, price double, count bigint))",
    "day": "varchar",
    "hour": "varchar",
}


def server() -> Trino | None:
    """Return the server of the environment, if it names one."""
    url = os.environ.get("TRINO_URL")
    if not url:
        return None
    catalog = os.environ.get("TRINO_CATALOG") or "memory"
    return Trino(url, catalog, os.environ.get("TRINO_SCHEMA") or "clickstream_tests")


def value(trino: Trino, expression: str) -> Any:
    """Return the first value of a query without tables."""
    return trino.rows(f"SELECT {expression}")[0][0]


def make_clicks(trino: Trino) -> None:
    """Make the table that the queries read."""
    for statement in (
        f"CREATE SCHEMA IF NOT EXISTS {trino.schema}",
        "DROP TABLE IF EXISTS clicks",
        f"CREATE TABLE clicks AS {clicks()}",
    ):
        trino.rows(statement)


def clicks() -> str:
    """Return the query whose rows are the events."""
    row = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    columns = ", ".join(_column(name) for name in _COLUMNS)
    documents = ", ".join(f"('{text}')" for text in _documents())
    made = f"SELECT CAST(json_parse(document) AS row({row})) AS event FROM (VALUES {documents}) AS documents (document)"  # noqa: S608 - our own events
    return f"SELECT {columns} FROM ({made}) AS events"  # noqa: S608 - as above


def _column(name: str) -> str:
    return f"CAST(event.{name} AS timestamp(3)) AS {name}" if name == "happened" else f"event.{name} AS {name}"


def _documents() -> Iterator[str]:
    for event in EVENTS:
        yield json.dumps(_document(event), ensure_ascii=False).replace("'", "''")


def _document(event: Row) -> Row:
    happened = f"{event['happened']:%Y-%m-%d %H:%M:%S}.{event['happened'].microsecond // 1000:03d}"
    return {name: event[name] for name in _COLUMNS} | {"happened": happened}
