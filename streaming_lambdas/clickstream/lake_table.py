"""What a table of the lake is: columns with Arrow and Glue types and a meaning each, and how it is partitioned."""

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

TEXT = pa.string()
INSTANT = pa.timestamp("us", "UTC")
_GLUE_NAMES = {
    "string": "string",
    "binary": "binary",
    "bool": "boolean",
    "int32": "int",
    "int64": "bigint",
    "double": "double",
    "date32[day]": "date",
}


@dataclass(frozen=True)
class Column:
    """One column: name, physical type, meaning."""

    name: str
    type: pa.DataType
    meaning: str

    @property
    def glue_type(self) -> str:
        """The Hive type that Glue and Athena use for it."""
        if pa.types.is_timestamp(self.type):
            return "timestamp"
        if pa.types.is_decimal(self.type):
            return f"decimal({self.type.precision},{self.type.scale})"
        return _GLUE_NAMES[str(self.type)]


PARTITION_KEYS = (
    Column("dt", pa.date32(), "UTC date of received_time"),
    Column("hour", pa.int32(), "UTC hour of received_time, 0 to 23"),
)


@dataclass(frozen=True)
class LakeTable:
    """A table of the lake: its columns, and its partitions: `dt` and `hour` of the received time, or its own."""

    name: str
    grain: str
    columns: tuple[Column, ...]
    partition_keys: tuple[Column, ...] = PARTITION_KEYS

    @cached_property
    def schema(self) -> pa.Schema:
        """Arrow schema of a data file (without the partition columns)."""
        return pa.schema([(c.name, c.type) for c in self.columns])
