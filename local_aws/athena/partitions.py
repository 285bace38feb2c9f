"""Partitions: added, dropped, moved and renamed by ALTER TABLE, found by MSCK REPAIR TABLE."""

import re
from typing import Any
from urllib.parse import unquote

from local_aws.athena.catalog import Partition, Table, folder
from local_aws.athena.errors import QueryError
from local_aws.athena.names import qualified
from local_aws.athena.outcome import Nothing, Outcome
from local_aws.athena.statement import Statement

_ONE = re.compile(
    r"\s*,?\s*PARTITION\s*\(((?:[^()']|'(?:[^']|'')*')*)\)(?:\s*LOCATION\s+'((?:[^']|'')+)')?",
    re.IGNORECASE | re.DOTALL,
)
_VALUE = re.compile(r"\s*[`\"]?(\w+)[`\"]?\s*=\s*(?:(?:DATE\s*)?'((?:[^']|'')*)'|(-?[\w.]+))\s*(?:,|\Z)", re.IGNORECASE)


def add_partitions(statement: Statement, match: re.Match[str]) -> Outcome:
    """Register partitions.

    Raises:
        QueryError: One exists already and the statement does not say IF NOT EXISTS.
    """
    table = statement.catalog.table(*qualified(match[1], statement.database))
    wanted = [Partition(_values(table, keys), _location(table, keys, place)) for keys, place in _clauses(match[3])]
    added = statement.catalog.add_partitions(table, wanted)
    if added < len(wanted) and not match[2]:
        raise QueryError("FAILED", "AlreadyExistsException: Partition already exists.")
    return Nothing()


def drop_partitions(statement: Statement, match: re.Match[str]) -> Outcome:
    """Forget partitions; a clause that names some of the keys drops all that match it. Objects stay.

    Raises:
        QueryError: None matches and the statement does not say IF EXISTS.
    """
    table = statement.catalog.table(*qualified(match[1], statement.database))
    names = [name for name, _ in table.keys]
    known = statement.catalog.partitions(table)
    for wanted, _ in _clauses(match[3]):
        _check_names(table, wanted)
        found = [p for p in known if all(dict(zip(names, p.values, strict=True))[k] == v for k, v in wanted.items())]
        if not found and not match[2]:
            raise QueryError("FAILED", f"SemanticException: Partition not found {wanted}")
        for partition in found:
            statement.catalog.glue.delete_partition(
                DatabaseName=table.database, TableName=table.name, PartitionValues=list(partition.values)
            )
    return Nothing()


def move_partition(statement: Statement, match: re.Match[str]) -> Outcome:
    """ALTER TABLE PARTITION SET LOCATION: the partition lies elsewhere; objects stay where they are.

    Raises:
        QueryError: There is no such partition.
    """
    table, old = _one(statement, match)
    storage: Any = {**table.raw["StorageDescriptor"], "Location": folder(match[3])}
    values = list(old.values)
    errors = statement.catalog.glue.batch_update_partition(
        DatabaseName=table.database,
        TableName=table.name,
        Entries=[{"PartitionValueList": values, "PartitionInput": {"Values": values, "StorageDescriptor": storage}}],
    ).get("Errors")
    if errors:
        raise QueryError("FAILED", f"SemanticException: {errors[0]}")
    return Nothing()


def rename_partition(statement: Statement, match: re.Match[str]) -> Outcome:
    """ALTER TABLE PARTITION RENAME TO PARTITION: other values; objects stay where they are.

    Raises:
        QueryError: There is no such partition, or one with the new values.
    """
    table, old = _one(statement, match)
    ((wanted, _),) = _clauses(match[3])
    if not statement.catalog.add_partitions(table, [Partition(_values(table, wanted), old.location)]):
        raise QueryError("FAILED", "AlreadyExistsException: Partition already exists.")
    statement.catalog.glue.delete_partition(
        DatabaseName=table.database, TableName=table.name, PartitionValues=list(old.values)
    )
    return Nothing()


def _one(statement: Statement, match: re.Match[str]) -> tuple[Table, Partition]:
    table = statement.catalog.table(*qualified(match[1], statement.database))
    ((wanted, _),) = _clauses(match[2])
    values = _values(table, wanted)
    found = next((known for known in statement.catalog.partitions(table) if known.values == values), None)
    if found is None:
        raise QueryError("FAILED", f"SemanticException: Partition not found {wanted}")
    return table, found


def repair(statement: Statement, table: Table) -> int:
    """Register the hive folders below a table's location that are not registered, and return their number.

    Raises:
        QueryError: The table has no partitions of this kind.
    """
    if not table.keys:
        raise QueryError("FAILED", f"SemanticException: Table {table.name} is not a partitioned table")
    names = [name for name, _ in table.keys]
    found: dict[tuple[str, ...], Partition] = {}
    for item in statement.store.list_objects(table.location):
        relative = item.uri[len(table.location) :]
        parts = relative.split("/")[: len(names)]
        if len(parts) == len(names) and all(
            part.startswith(f"{name}=") for part, name in zip(parts, names, strict=True)
        ):
            values = tuple(unquote(part.partition("=")[2]) for part in parts)
            found.setdefault(values, Partition(values, folder(table.location + "/".join(parts))))
    return statement.catalog.add_partitions(table, list(found.values()))


def _clauses(text: str) -> list[tuple[dict[str, str], str | None]]:
    clauses, position = [], 0
    while text[position:].strip():
        found = _ONE.match(text, position)
        if found is None:
            raise QueryError(
                "SYNTAX_ERROR", f"line 1:1: cannot read partition clause near {text[position : position + 40]!r}"
            )
        clauses.append((_pairs(found[1]), found[2]))
        position = found.end()
    return clauses


def _pairs(text: str) -> dict[str, str]:
    pairs, position = {}, 0
    while text[position:].strip():
        found = _VALUE.match(text, position)
        if found is None:
            raise QueryError("SYNTAX_ERROR", f"line 1:1: cannot read partition value near {text[position:]!r}")
        pairs[found[1].lower()] = found[3] if found[2] is None else found[2].replace("''", "'")
        position = found.end()
    return pairs


def _check_names(table: Table, given: dict[str, str]) -> None:
    unknown = sorted(set(given) - {name for name, _ in table.keys})
    if unknown:
        raise QueryError("FAILED", f"SemanticException: {unknown[0]} is not a partition column of {table.name}")


def _values(table: Table, given: dict[str, str]) -> tuple[str, ...]:
    _check_names(table, given)
    missing = [name for name, _ in table.keys if name not in given]
    if missing:
        raise QueryError("FAILED", f"SemanticException: partition spec lacks {missing[0]}")
    return tuple(given[name] for name, _ in table.keys)


def _location(table: Table, given: dict[str, str], location: str | None) -> str:
    if location is not None:
        return folder(location)
    return folder(table.location + "/".join(f"{name}={given[name]}" for name, _ in table.keys))
