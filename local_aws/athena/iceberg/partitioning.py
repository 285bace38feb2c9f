"""Partition fields as statements write them: `country`, `day(event_time)`, `bucket(16, user_id)`, `truncate(4, id)`."""

import re
from typing import Any

from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    Transform,
    TruncateTransform,
    YearTransform,
)

from local_aws.athena.errors import NotSupportedError, QueryError

_CALL = re.compile(r"(\w+)\s*\((.*)\)\Z", re.DOTALL)
_TIMES: dict[str, Transform[Any, Any]] = {
    "year": YearTransform(),
    "month": MonthTransform(),
    "day": DayTransform(),
    "hour": HourTransform(),
}
_SIZED: dict[str, tuple[type[BucketTransform[Any]] | type[TruncateTransform[Any]], str]] = {
    "bucket": (BucketTransform, "bucket"),
    "truncate": (TruncateTransform, "trunc"),
}


def to_spec(fields: list[str], schema: Schema) -> PartitionSpec:
    """Return the partitioning of a table.

    Args:
        fields: Columns and transforms of columns, as text.
        schema: Has these columns.

    Raises:
        QueryError: A column that the table lacks, an unknown transform, one that does not fit the type of its column.
        NotSupportedError: A column in two fields.
    """
    made = [_field(text.strip(), schema, PARTITION_FIELD_ID_START + place) for place, text in enumerate(fields)]
    names = [field.name for field in made]
    if len(set(names)) < len(names):
        raise QueryError("FAILED", f"SemanticException: Partition fields are not distinct: {', '.join(fields)}")
    spec = PartitionSpec(*made)
    refuse_repeated(spec)
    return spec


def refuse_repeated(spec: PartitionSpec) -> None:
    """Refuse to partition by one column twice, which pyiceberg cannot write.

    Raises:
        NotSupportedError: Two fields have the same source.
    """
    sources = [field.source_id for field in spec.fields]
    if len(set(sources)) < len(sources):
        raise NotSupportedError("a column that two partition fields are made of")


def _field(text: str, schema: Schema, field_id: int) -> PartitionField:
    column, transform, suffix = _parsed(text)
    try:
        source = schema.find_field(column, case_sensitive=False)
    except ValueError as error:
        raise QueryError("COLUMN_NOT_FOUND", f"Column '{column}' of the partitioning is not in the table") from error
    if not transform.can_transform(source.field_type):
        raise QueryError("NOT_SUPPORTED", f"Partition transform {text} does not take a {source.field_type}")
    return PartitionField(source.field_id, field_id, transform, source.name + suffix)


def _parsed(text: str) -> tuple[str, Transform[Any, Any], str]:
    """Return (column, transform, what the transform adds to the name)."""
    call = _CALL.match(text)
    if call is None:
        return text.strip('`"').lower(), IdentityTransform(), ""
    name = call[1].lower()
    arguments = [part.strip().strip('`"').lower() for part in call[2].split(",")]
    if name in _TIMES and len(arguments) == 1:
        return arguments[0], _TIMES[name], f"_{name}"
    numbers = [int(part) for part in arguments if part.isdecimal()]
    columns = [part for part in arguments if not part.isdecimal()]
    if name in _SIZED and len(numbers) == len(columns) == 1:
        kind, suffix = _SIZED[name]
        return columns[0], kind(numbers[0]), f"_{suffix}"
    raise QueryError("NOT_SUPPORTED", f"Unsupported partition transform: {text}")
