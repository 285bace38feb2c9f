"""Columns of a result in the types that they must have: Athena's own, or those that a table declares."""

from dataclasses import dataclass

import duckdb

from local_aws.athena.errors import QueryError

_REPLACED = (
    ("UHUGEINT", "BIGINT"), ("HUGEINT", "BIGINT"), ("UBIGINT", "BIGINT"), ("UINTEGER", "BIGINT"), ("JSON", "VARCHAR"),
    ("TIMESTAMP_MS", "TIMESTAMP"), ("TIMESTAMP_NS", "TIMESTAMP"), ("TIMESTAMP_S", "TIMESTAMP"), ('"NULL"', "VARCHAR"),
    ("UUID", "VARCHAR"),
)  # fmt: skip


@dataclass(frozen=True)
class ColumnCast:
    """One column of a result: where it comes from (nothing: NULL), its name, and its DuckDB type."""

    place: int | None
    name: str
    kind: str


def in_result_types(cursor: duckdb.DuckDBPyConnection, sql: str) -> str:
    """Cast columns of types that only DuckDB has: a sum of integers is a bigint in Athena, JSON shows as text."""
    described = [(str(row[0]), str(row[1])) for row in cursor.execute(f"DESCRIBE {sql}").fetchall()]
    casts = [ColumnCast(place, name, _result_type(kind)) for place, (name, kind) in enumerate(described)]
    if all(cast.kind == kind for cast, (_, kind) in zip(casts, described, strict=True)):
        return sql
    return _casting(sql, len(described), casts)


def check_storable(cursor: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse columns of a type that no table has.

    Raises:
        QueryError: A column of JSON, or one that holds nothing but NULL.
    """
    for name, kind, *_ in cursor.execute(f"DESCRIBE {sql}").fetchall():
        if "JSON" in str(kind):
            raise QueryError("NOT_SUPPORTED", "Unsupported Hive type: json")
        if '"NULL"' in str(kind):
            raise QueryError("COLUMN_TYPE_UNKNOWN", f"line 1:1: Column type is unknown: {name}")


def in_declared_types(cursor: duckdb.DuckDBPyConnection, sql: str, casts: list[ColumnCast]) -> str:
    """Cast columns to those of a table, within a family of types, as INSERT does."""
    kinds = [str(row[1]) for row in cursor.execute(f"DESCRIBE {sql}").fetchall()]
    used = [cast for cast in casts if cast.place is not None]
    matching = len(used) == len(kinds) and all(_fits(kinds[cast.place or 0], cast.kind) for cast in used)
    if not matching:
        text = f"Insert query has mismatched column types: Table: {[cast.kind for cast in used]}, Query: {kinds}"
        raise QueryError("TYPE_MISMATCH", f"line 1:1: {text}")
    return _casting(sql, len(kinds), casts)


def _fits(kind: str, target: str) -> bool:
    numbers = ("INT", "DOUBLE", "FLOAT", "REAL", "DECIMAL")
    both_numbers = any(n in kind for n in numbers) and any(n in target for n in numbers)
    same = kind.split("(")[0] == target.split("(")[0] or (kind == "VARCHAR" and target == "TEXT")
    return (
        same
        or both_numbers
        or kind == '"NULL"'
        or (kind == "DATE" and target == "TIMESTAMP")
        or kind.endswith(("]", ")"))
    )


def _casting(sql: str, count: int, casts: list[ColumnCast]) -> str:
    names = [f"c{position}" for position in range(count)]
    columns = [f"CAST({'NULL' if c.place is None else names[c.place]} AS {c.kind}) AS {_quoted(c.name)}" for c in casts]
    return f"SELECT {', '.join(columns)} FROM ({sql}) AS tr_answer({', '.join(names)})"  # noqa: S608 - names are quoted


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _result_type(kind: str) -> str:
    for theirs, ours in _REPLACED:
        kind = kind.replace(theirs, ours)
    return kind
