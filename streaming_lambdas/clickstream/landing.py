"""Rows → immutable objects, one per received hour and kind. The key says exactly what is inside.

A key carries epoch, shard, first and last sequence number and a hash of the content: a retry with other boundaries or
other code writes another object, never over one that a commit may name.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.ledger import Kind, LandedObject
from clickstream.rows import Row, Rows, Source
from clickstream.tables import BAD_EVENTS, LANDING_PREFIX, RAW_EVENTS, LakeTable, hour_folder, hour_text

_CHUNK = 500
"""Rows per conversion step: a few hundred stay in the processor's cache."""
_DISTINCT = {"event_id", "event_time", "received_time", "sent_time", "sequence_number", "sub_sequence", "payload"}
_FOLDERS: dict[Kind, str] = {"landing": LANDING_PREFIX, "bad_events": BAD_EVENTS.name}


@dataclass(frozen=True)
class LandingFile:
    """An object to write: its entry in the commit, and its bytes."""

    entry: LandedObject
    body: bytes


def landing_files(rows: Rows, source: Source) -> Iterator[LandingFile]:
    """The objects that hold these rows. No rows, no object."""
    yield from _files(rows.good, RAW_EVENTS, "landing", source)
    yield from _files(rows.bad, BAD_EVENTS, "bad_events", source)


def _files(rows: list[Row], table: LakeTable, kind: Kind, source: Source) -> Iterator[LandingFile]:
    names = table.schema.names
    received, sequence = names.index("received_time"), names.index("sequence_number")
    hours: dict[str, list[Row]] = {}
    for row in rows:
        hours.setdefault(hour_text(row[received]), []).append(row)
    for hour, found in sorted(hours.items()):
        body = parquet(found, table)
        first, last = (str(row[sequence]).lstrip("0") or "0" for row in (found[0], found[-1]))
        tag = hashlib.sha256(body).hexdigest()[:8]
        key = f"{_FOLDERS[kind]}/{hour_folder(hour)}/{source.epoch}-{source.shard_id}-{first}-{last}-{tag}.parquet"
        yield LandingFile(LandedObject(key, kind, hour, len(found)), body)


def parquet(rows: list[Row], table: LakeTable) -> bytes:
    """The rows as one Parquet file: zstd, dictionaries on the columns that repeat."""
    schema = table.schema
    batches = [_batch(rows[at : at + _CHUNK], schema) for at in range(0, len(rows), _CHUNK)]
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.Table.from_batches(batches, schema),
        sink,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in schema.names if name not in _DISTINCT],
        write_statistics=["received_time", "event_time"],
        store_schema=False,
    )
    body: bytes = sink.getvalue().to_pybytes()
    return body


def _batch(rows: list[Row], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    return pa.record_batch(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )
