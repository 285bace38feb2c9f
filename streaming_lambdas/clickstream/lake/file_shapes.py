"""The shape of data files: from the text of the configuration to what pyarrow is told."""

from typing import Any

import msgspec
import pyarrow as pa

from clickstream.errors import ConfigError
from clickstream.settings import Encoding, FileShape
from clickstream.tables import RAW_EVENTS

SCHEMA = RAW_EVENTS.schema
MEASURED: dict[str, Encoding] = {
    "event_id": "DELTA_LENGTH_BYTE_ARRAY",
    "properties": "PLAIN",
    "event_time": "DELTA_BINARY_PACKED",
    "received_time": "DELTA_BINARY_PACKED",
    "sent_time": "DELTA_BINARY_PACKED",
    "sub_sequence": "DELTA_BINARY_PACKED",
}
"""Encodings of the columns whose values hardly repeat; every other column is a dictionary."""
OWN_RECORDS: dict[str, Encoding] = {"sequence_number": "DELTA_BYTE_ARRAY"}
"""The same, in files of events that hardly share records: the numbers of records that hold many are a dictionary."""
NOT_CLUSTERED = {
    *("event_id", "session_id", "user_id", "anonymous_id", "ip_address", "user_agent", "sequence_number"),
    *("page_url", "page_title", "referrer", "properties", "sent_time", "sub_sequence"),
}
"""Columns whose values lie anywhere in a sorted hour: their bounds exclude no page, and cost a third of the writing."""
RANDOM = {"event_id", "session_id", "anonymous_id", "user_id", "sequence_number"}
"""Random digits. zstd 1 makes them smaller than 3, which looks for repetitions and finds chance ones."""
PAGE_ROWS = 4_096
"""Rows of a page: a fifth less to read than with 20,000 where the order excludes pages; files grow by 1.3 %."""
_PAGE_BYTES = 4_096
"""A page ends with the batch of `PAGE_ROWS` that reaches this size; constants share longer ones."""
_LEVELS = {"zstd": 22, "gzip": 9}
"""The highest level of each codec that has levels."""


def parse(text: str) -> FileShape:
    """A shape from JSON, `{"codec": "snappy", "rows_per_group": 1000000}`; what is not named is as measured.

    Raises `ConfigError` for unknown keys, unknown columns, and values that no file can have.
    """
    try:
        shape = msgspec.json.decode(text, type=FileShape)
    except msgspec.DecodeError as error:
        known = ", ".join(FileShape.__struct_fields__)
        raise ConfigError(f"the file shape {text}: {error}; the keys are {known}") from error
    if problems := [*_wrong_order(shape), *_wrong_codec(shape), *_wrong_encodings(shape)]:
        raise ConfigError(f"the file shape {text}: {'; '.join(problems)}")
    return shape


def spelled(shape: FileShape) -> str:
    """The JSON that `parse` reads, with only what departs from the measured shape."""
    measured = msgspec.structs.asdict(FileShape())
    changed = {name: value for name, value in msgspec.structs.asdict(shape).items() if value != measured[name]}
    return msgspec.json.encode(changed).decode()


def writer_options(shape: FileShape, first_run: pa.Table) -> dict[str, Any]:
    """The arguments of `pyarrow.parquet.ParquetWriter` for a file that begins with this run.

    A column that the files are sorted by always has bounds, the others where they lie together in the measured order.
    """
    encodings = MEASURED | ({} if _share_records(first_run) else OWN_RECORDS) | shape.encodings
    without_bounds = NOT_CLUSTERED - set(shape.sort_columns)
    return {
        "compression": shape.codec,
        "compression_level": _level(shape),
        "write_statistics": [name for name in SCHEMA.names if name not in without_bounds],
        "use_dictionary": [name for name in SCHEMA.names if encodings.get(name, "DICTIONARY") == "DICTIONARY"],
        "column_encoding": {name: found for name, found in encodings.items() if found != "DICTIONARY"},
        "dictionary_pagesize_limit": 8 * 2**20,
        "write_page_index": shape.has_page_index,
        "write_batch_size": PAGE_ROWS,
        "data_page_size": _PAGE_BYTES,
        "store_schema": False,
    }


def _share_records(run: pa.Table) -> bool:
    """Whether there are two events or more to a record, so that a number is worth a place in a dictionary."""
    return all(2 * len(numbers.dictionary) <= len(run) for numbers in run["sequence_number"].chunks)


def _level(shape: FileShape) -> int | dict[str, int] | None:
    """Of every column, or by column as measured."""
    if shape.codec != "zstd" or shape.codec_level is not None:
        return shape.codec_level
    return {name: 1 if name in RANDOM else 3 for name in SCHEMA.names}


def _wrong_order(shape: FileShape) -> list[str]:
    sortable = [field.name for field in SCHEMA if _is_text(field) or pa.types.is_timestamp(field.type)]
    names = shape.sort_columns
    if not names or len(set(names)) < len(names):
        return ["sort_columns must name columns, each once"]
    return [f"{name} cannot be sorted by: {', '.join(sortable)} can" for name in names if name not in sortable]


def _wrong_codec(shape: FileShape) -> list[str]:
    most = _LEVELS.get(shape.codec)
    if shape.codec_level is None or (most and shape.codec_level <= most):
        return []
    return [f"{shape.codec} has levels from 1 to {most}" if most else f"{shape.codec} has no levels"]


def _wrong_encodings(shape: FileShape) -> list[str]:
    unknown = [f"there is no column {name}" for name in shape.encodings if name not in SCHEMA.names]
    found = {name: encoding for name, encoding in shape.encodings.items() if name in SCHEMA.names}
    return unknown + [
        f"{name} cannot be {encoding}"
        for name, encoding in found.items()
        if encoding not in _possible(SCHEMA.field(name))
    ]


def _possible(field: pa.Field) -> set[Encoding]:
    """What pyarrow can write for a column, and read again."""
    if _is_text(field):
        return {"DICTIONARY", "PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"}
    if pa.types.is_timestamp(field.type) or pa.types.is_integer(field.type):
        return {"DICTIONARY", "PLAIN", "DELTA_BINARY_PACKED"}
    return {"DICTIONARY", "PLAIN"}


def _is_text(field: pa.Field) -> bool:
    return bool(pa.types.is_string(field.type))
