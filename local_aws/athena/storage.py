"""Storage descriptors of tables that this engine creates."""

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from local_aws.athena.errors import NotSupportedError
from local_aws.athena.text.formats import is_read

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import StorageDescriptorTypeDef

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
_PARQUET_NAMES = (
    f"{_PARQUET}.MapredParquetInputFormat",
    f"{_PARQUET}.MapredParquetOutputFormat",
    f"{_PARQUET}.serde.ParquetHiveSerDe",
)
_TEXT_NAMES = (
    "org.apache.hadoop.mapred.TextInputFormat",
    "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
)
_DELIMITED = {
    "fields": "field.delim",
    "escaped": "escape.delim",
    "null": "serialization.null.format",
}


def parquet_storage(columns: list[dict[str, str]], location: str) -> "StorageDescriptorTypeDef":
    """Return the descriptor of a Parquet table with these columns at this location."""
    return _storage(columns, location, _PARQUET_NAMES, {"serialization.format": "1"})


def declared_storage(
    properties: list[exp.Expr], columns: list[dict[str, str]], location: str
) -> "StorageDescriptorTypeDef":
    """Return the descriptor that ROW FORMAT and STORED AS declare.

    Raises:
        NotSupportedError: Files that are not read here.
    """
    kind = _stored_as(properties)
    row_format = next((p for p in properties if isinstance(p, exp.RowFormatSerdeProperty)), None)
    serde = row_format.name if row_format is not None else ""
    if kind == "PARQUET" or "parquet" in serde.lower():
        return parquet_storage(columns, location)
    if row_format is not None and is_read(serde):
        return _storage(
            columns, location, (*_TEXT_NAMES[:2], serde), {"serialization.format": "1"} | _given(row_format)
        )
    if kind not in {"", "TEXTFILE"} or row_format is not None:
        raise NotSupportedError(f"tables stored as {serde or kind}; Parquet, JSON, CSV and delimited text are read")
    delimited = next((p for p in properties if isinstance(p, exp.RowFormatDelimitedProperty)), None)
    return _storage(columns, location, _TEXT_NAMES, _delimiters(delimited) if delimited is not None else {})


def _stored_as(properties: list[exp.Expr]) -> str:
    """Return the word of STORED AS, or the input format that stands there."""
    stored = next((p.this for p in properties if isinstance(p, exp.FileFormatProperty)), None)
    if not isinstance(stored, exp.InputOutputFormat):
        return str(stored.name).upper() if stored is not None else ""
    name = str(stored.args["input_format"].name)
    words = {"org.apache.hadoop.mapred.textinputformat": "TEXTFILE", _PARQUET_NAMES[0].lower(): "PARQUET"}
    return words.get(name.lower(), name)


def _given(row_format: exp.Expr) -> dict[str, str]:
    holder = row_format.args.get("serde_properties")
    return {p.name: p.args["value"].name for p in holder.expressions} if holder is not None else {}


def _delimiters(node: exp.Expr) -> dict[str, str]:
    lines = node.args.get("lines")
    if lines is not None and lines.name not in {"\n", "\\n"}:
        raise NotSupportedError(f"lines that end with {lines.name!r}")
    other = next((name for name in ("collection_items", "map_keys") if node.args.get(name) is not None), None)
    if other is not None:
        raise NotSupportedError(f"{other.replace('_', ' ')} in delimited text")
    found = {name: node.args[key].name for key, name in _DELIMITED.items() if node.args.get(key) is not None}
    return {**found, "serialization.format": found.get("field.delim", "1")}


def _storage(
    columns: list[dict[str, str]], location: str, names: tuple[str, str, str], parameters: dict[str, str]
) -> "StorageDescriptorTypeDef":
    named: Any = columns
    return {
        "Columns": named,
        "Location": location,
        "InputFormat": names[0],
        "OutputFormat": names[1],
        "Compressed": False,
        "NumberOfBuckets": -1,
        "SerdeInfo": {"SerializationLibrary": names[2], "Parameters": parameters},
        "StoredAsSubDirectories": False,
    }
