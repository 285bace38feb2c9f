"""Which columns a query reads: DuckDB's optimised plan says, for each scan."""

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from local_aws.athena.scan import Scan


def note_columns(cursor: duckdb.DuckDBPyConnection, sql: str, scans: list[Scan]) -> None:
    """Set `columns` of each scan to what the plan of the query reads of it.

    A scan that the plan lacks was answered from statistics in the footers, which Athena does not do: it counts by name.

    Raises:
        duckdb.Error: The query does not bind.
    """
    row = cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}").fetchone()
    found: dict[str, set[str]] = {}
    for info in _parquet_scans(json.loads(row[1]) if row is not None else []):
        mentioned = _mentioned(info)
        marked = [scan for scan in scans if scan.marker in str(info.get("File Filters", ""))]
        for scan in marked or scans:
            found.setdefault(scan.marker, set()).update(scan.readable & mentioned)
    for scan in scans:
        scan.columns = frozenset(found.get(scan.marker, scan.mentioned))


def _parquet_scans(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        if "PARQUET" in str(node.get("name", "")):
            yield node.get("extra_info") or {}
        yield from _parquet_scans(node.get("children") or [])


def _mentioned(info: dict[str, Any]) -> set[str]:
    """Return the names in projections, of nested fields the column they are in, and in filters."""
    projections = info.get("Projections") or []
    texts = [projections] if isinstance(projections, str) else list(projections)
    names = {text.split(".")[0].strip('"').lower() for text in texts}
    filters = info.get("Filters") or []
    for text in [filters] if isinstance(filters, str) else filters:
        if not text.startswith("optional:"):
            names |= {word.lower() for word in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text)}
    return names
