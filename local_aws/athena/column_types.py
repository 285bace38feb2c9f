"""One column type in the words of Glue (Hive), DuckDB, Arrow and Athena's API."""

from functools import lru_cache

import pyarrow as pa
from sqlglot import exp

from local_aws.athena.errors import NotSupportedError


@lru_cache(maxsize=4096)
def glue_to_duckdb(glue_type: str) -> str:
    """Return DuckDB's name for a type of the Glue catalog, for instance `array<string>`."""
    kind = exp.DataType.build(glue_type, dialect="hive")
    return "VARCHAR" if glue_type.startswith(("varchar", "char", "string")) else kind.sql(dialect="duckdb")


_ARROW: dict[exp.DType, pa.DataType] = {
    exp.DType.BOOLEAN: pa.bool_(), exp.DType.TINYINT: pa.int8(), exp.DType.SMALLINT: pa.int16(),
    exp.DType.INT: pa.int32(), exp.DType.BIGINT: pa.int64(), exp.DType.FLOAT: pa.float32(),
    exp.DType.DOUBLE: pa.float64(), exp.DType.TEXT: pa.string(), exp.DType.VARCHAR: pa.string(),
    exp.DType.DATE: pa.date32(), exp.DType.TIMESTAMP: pa.timestamp("us"),
}  # fmt: skip


def glue_to_arrow(glue_type: str) -> pa.DataType:
    """Return the Arrow type for a type of the Glue catalog.

    Raises:
        NotSupportedError: There is none for it here.
    """
    return _arrow(exp.DataType.build(glue_type, dialect="hive"))


def _arrow(kind: exp.DataType) -> pa.DataType:
    inner = [part for part in kind.expressions if isinstance(part, exp.DataType)]
    if kind.this == exp.DType.DECIMAL:
        return pa.decimal128(*([int(str(part.this)) for part in kind.expressions] or [10, 0]))
    if kind.this == exp.DType.ARRAY:
        return pa.list_(_arrow(inner[0]))
    if kind.this == exp.DType.MAP:
        return pa.map_(_arrow(inner[0]), _arrow(inner[1]))
    if kind.this == exp.DType.STRUCT:
        fields = [part for part in kind.expressions if isinstance(part, exp.ColumnDef)]
        return pa.struct([(field.name.lower(), _arrow(field.args["kind"])) for field in fields])
    if kind.this not in _ARROW:
        raise NotSupportedError(f"columns of type {kind.sql(dialect='hive').lower()} in tables of text")
    return _ARROW[kind.this]


def family(arrow_type: pa.DataType) -> str:
    """Return the family within which Athena reads one physical Parquet type as another declared type."""
    checks = (
        ("text", pa.types.is_string), ("text", pa.types.is_large_string), ("binary", pa.types.is_binary),
        ("binary", pa.types.is_large_binary), ("array", pa.types.is_large_list),
        ("boolean", pa.types.is_boolean), ("integer", pa.types.is_integer), ("float", pa.types.is_floating),
        ("decimal", pa.types.is_decimal), ("date", pa.types.is_date), ("timestamp", pa.types.is_timestamp),
        ("array", pa.types.is_list), ("map", pa.types.is_map), ("struct", pa.types.is_struct),
    )  # fmt: skip
    return next((name for name, check in checks if check(arrow_type)), str(arrow_type))


def glue_family(glue_type: str) -> str:
    """Return the family of a declared type."""
    base = glue_type.split("<")[0].split("(")[0].lower()
    families = {
        "string": "text", "varchar": "text", "char": "text", "tinyint": "integer", "smallint": "integer",
        "int": "integer", "integer": "integer", "bigint": "integer", "float": "float", "double": "float",
    }  # fmt: skip
    return families.get(base, base)


def arrow_to_glue(kind: pa.DataType) -> str:
    """Return the type that CREATE TABLE AS declares for a result column."""
    types = pa.types
    if types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if types.is_map(kind):
        return f"map<{arrow_to_glue(kind.key_type)},{arrow_to_glue(kind.item_type)}>"
    if types.is_list(kind) or types.is_large_list(kind):
        return f"array<{arrow_to_glue(kind.value_type)}>"
    if types.is_struct(kind):
        return f"struct<{','.join(f'{field.name}:{arrow_to_glue(field.type)}' for field in kind)}>"
    simple = (
        (types.is_boolean, "boolean"), (types.is_int8, "tinyint"), (types.is_int16, "smallint"),
        (types.is_int32, "int"), (types.is_integer, "bigint"), (types.is_float32, "float"),
        (types.is_floating, "double"), (types.is_date, "date"), (types.is_timestamp, "timestamp"),
        (types.is_binary, "binary"), (types.is_large_binary, "binary"),
    )  # fmt: skip
    return next((name for check, name in simple if check(kind)), "string")


def arrow_to_api(kind: pa.DataType) -> str:
    """Return the type that GetQueryResults names for a result column."""
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return "timestamp with time zone"
    if pa.types.is_time(kind):
        return "time"
    if pa.types.is_interval(kind):
        return "interval day to second"
    base = arrow_to_glue(kind).split("<")[0].split("(")[0]
    return {"string": "varchar", "int": "integer", "binary": "varbinary", "struct": "row"}.get(base, base)
