"""Types of columns in the words of Athena's DDL and of Iceberg."""

import itertools
from collections.abc import Iterator

from pyiceberg.schema import Schema
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
)
from sqlglot import exp
from sqlglot.errors import SqlglotError

from local_aws.athena.errors import QueryError

_Type = exp.DataType.Type
_PLAIN: dict[exp.DType, IcebergType] = {
    _Type.BOOLEAN: BooleanType(),
    _Type.INT: IntegerType(),
    _Type.BIGINT: LongType(),
    _Type.FLOAT: FloatType(),
    _Type.DOUBLE: DoubleType(),
    _Type.TEXT: StringType(),
    _Type.DATE: DateType(),
    _Type.TIMESTAMP: TimestampType(),
    _Type.BINARY: BinaryType(),
}
_GLUE: dict[type[IcebergType], str] = {
    **{type(kind): name for kind, name in zip(
        _PLAIN.values(),
        ("boolean", "int", "bigint", "float", "double", "string", "date", "timestamp", "binary"),
        strict=True,
    )},
    TimestamptzType: "timestamptz",
}  # fmt: skip


def to_schema(columns: list[dict[str, str]]) -> Schema:
    """Return the schema of a table with these columns: `Name`, `Type` and perhaps `Comment`, as Glue has them.

    Raises:
        QueryError: `NOT_SUPPORTED`, a type that Athena has no Iceberg type for.
    """
    ids = itertools.count(1)
    return Schema(
        *(
            NestedField(next(ids), column["Name"], to_iceberg(column["Type"], ids), doc=column.get("Comment"))
            for column in columns
        )
    )


def to_iceberg(text: str, ids: Iterator[int]) -> IcebergType:
    """Return the Iceberg type for one of Athena's DDL, for instance `array<string>`; nested fields take ids.

    Raises:
        QueryError: `NOT_SUPPORTED`.
    """
    try:
        return _iceberg(exp.DataType.build(text, dialect="hive"), ids)
    except (SqlglotError, KeyError) as error:
        raise QueryError("NOT_SUPPORTED", f"Type not supported for Iceberg: {text}") from error


def _iceberg(node: exp.DataType, ids: Iterator[int]) -> IcebergType:
    inner = [part for part in node.expressions if isinstance(part, exp.DataType)]
    if node.this == _Type.DECIMAL:
        precision, scale = (int(str(part.this)) for part in node.expressions)
        return DecimalType(precision, scale)
    if node.this == _Type.ARRAY:
        element_id = next(ids)
        return ListType(element_id, _iceberg(inner[0], ids), element_required=False)
    if node.this == _Type.MAP:
        key_id, value_id = next(ids), next(ids)
        key, value = (_iceberg(part, ids) for part in inner)
        return MapType(key_id, key, value_id, value, value_required=False)
    if node.this == _Type.STRUCT:
        fields = [part for part in node.expressions if isinstance(part, exp.ColumnDef)]
        return StructType(*(NestedField(next(ids), part.name, _iceberg(part.args["kind"], ids)) for part in fields))
    return _PLAIN[node.this]


def to_glue(kind: IcebergType) -> str:
    """Return the name of a type in Glue's words, `timestamptz` for instants; nothing when Athena reads no such type."""
    if isinstance(kind, DecimalType):
        return f"decimal({kind.precision},{kind.scale})"
    if isinstance(kind, ListType):
        return _nested("array", kind.element_type)
    if isinstance(kind, MapType):
        return _nested("map", kind.key_type, kind.value_type)
    if isinstance(kind, StructType):
        fields = [(field.name, to_glue(field.field_type)) for field in kind.fields]
        return f"struct<{','.join(f'{n}:{t}' for n, t in fields)}>" if all(t for _, t in fields) else ""
    return _GLUE.get(type(kind), "")


def _nested(name: str, *inner: IcebergType) -> str:
    kinds = [to_glue(kind) for kind in inner]
    return f"{name}<{','.join(kinds)}>" if all(kinds) else ""
