"""`information_schema`: what the catalog holds, asked with SQL."""

import re
from collections.abc import Callable, Iterator

from sqlglot import exp

from local_aws.athena.catalog import Catalog, Table
from local_aws.athena.errors import NotSupportedError

SCHEMA = "information_schema"
_CATALOG = "awsdatacatalog"
_Row = tuple[str | int | None, ...]
_TABLE = ("table_catalog", "table_schema", "table_name")
_COLUMNS = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": (*_TABLE, "table_type"),
    "columns": (*_TABLE, "column_name", "ordinal_position", "column_default", "is_nullable", "data_type"),
}


def information(catalog: Catalog, name: str) -> exp.Select:
    """Return the query that stands for a table of `information_schema`; its rows are written into it.

    Raises:
        NotSupportedError: A table other than `schemata`, `tables` and `columns`.
    """
    if name not in _COLUMNS:
        raise NotSupportedError(f"{SCHEMA}.{name}")
    columns = _COLUMNS[name]
    found = list(_ROWS[name](catalog))
    rows = found or [(None,) * len(columns)]
    values = exp.values(rows, alias="tr_information", columns=list(columns))
    select = exp.Select().select(*[_typed(column) for column in columns]).from_(values)
    return select if found else select.where(exp.false())


def _typed(column: str) -> exp.Expr:
    kind = "bigint" if column == "ordinal_position" else "varchar"
    return exp.alias_(exp.cast(exp.column(column), kind), column)


def _schemata(catalog: Catalog) -> Iterator[_Row]:
    yield from ((_CATALOG, name) for name in sorted({*catalog.databases(), SCHEMA}))


def _tables(catalog: Catalog) -> Iterator[_Row]:
    for table in _all(catalog):
        yield (_CATALOG, table.database, table.name, "VIEW" if table.is_view else "BASE TABLE")


def _columns(catalog: Catalog) -> Iterator[_Row]:
    """Columns are counted from 1, the partition keys last."""
    for table in _all(catalog):
        for place, (name, kind) in enumerate(table.columns + table.keys, start=1):
            yield (_CATALOG, table.database, table.name, name, place, None, "YES", _data_type(kind))


def _all(catalog: Catalog) -> Iterator[Table]:
    for database in catalog.databases():
        yield from catalog.tables(database)


def _data_type(kind: str) -> str:
    """Hive's words become Trino's; an instant in Hive's tables has milliseconds."""
    built = exp.DataType.build(kind, dialect="hive")
    for node in built.find_all(exp.DataType):
        if node.is_type(exp.DataType.Type.TIMESTAMP) and not node.expressions:
            node.set("expressions", [exp.DataTypeParam(this=exp.Literal.number(3))])
    return re.sub(r"(\d), (?=\d)", r"\1,", built.sql("trino").lower())


_ROWS: dict[str, Callable[[Catalog], Iterator[_Row]]] = {"schemata": _schemata, "tables": _tables, "columns": _columns}
