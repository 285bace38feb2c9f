"""Storage descriptors of tables that this engine creates."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import StorageDescriptorTypeDef

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def parquet_storage(columns: list[dict[str, str]], location: str) -> "StorageDescriptorTypeDef":
    """Return the descriptor of a Parquet table with these columns at this location."""
    named: Any = columns
    return {
        "Columns": named,
        "Location": location,
        "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
        "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
        "Compressed": False,
        "NumberOfBuckets": -1,
        "SerdeInfo": {
            "SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe",
            "Parameters": {"serialization.format": "1"},
        },
        "StoredAsSubDirectories": False,
    }
