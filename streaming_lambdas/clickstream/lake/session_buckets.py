"""Events of three dates spread over local files by person, so that one file after the other fits into memory."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clickstream.errors import LakeError
from clickstream.lake.session_events import KEY, KEYED, SCHEMA, flat, keyed, places

BUCKET_ROWS = 500_000
"""Events of one file, roughly: about 1 KB of memory each while its sessions are made."""
MOST_BUCKETS = 256
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


class Buckets:
    """Files of events; all events of a person are in the same one. A context manager: files are read after it.

    Attributes:
        paths: The files.
    """

    def __init__(self, folder: Path, rows: int) -> None:
        count = min(max(1, -(-rows // BUCKET_ROWS)), MOST_BUCKETS)
        self.paths = [folder / f"bucket-{number}.arrow" for number in range(count)]
        self._stack = ExitStack()
        self._writers: list[Any] = []

    def __enter__(self) -> Self:
        self._writers = [
            self._stack.enter_context(pa.ipc.new_stream(str(path), KEYED, options=_OPTIONS)) for path in self.paths
        ]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._stack.close()

    def add(self, events: pa.Table) -> None:
        """Take events with the key of their person."""
        if len(self._writers) == 1:
            self._writers[0].write_table(events)
            return
        encoded = flat(events[KEY]).dictionary_encode()
        numbers = np.array([crc32(key.encode()) for key in encoded.dictionary.to_pylist()], dtype=np.int64)
        owners = (numbers % len(self._writers))[encoded.indices.to_numpy()]
        for number, writer in enumerate(self._writers):
            writer.write_table(events.take(np.flatnonzero(owners == number)))


def read_bucket(path: Path) -> pa.Table:
    """The events of one file."""
    with pa.ipc.open_stream(str(path)) as stream:
        return stream.read_all()


def events_between(key: str, path: Path, start: datetime, end: datetime) -> Iterator[pa.Table]:
    """Events [start, end) of a data file that belong to sessions, a row group at a time, with their person's key.

    Args:
        key: The object that the local file is a copy of, for messages.
        path: The local file.
        start: UTC, included.
        end: UTC, excluded.

    Raises:
        LakeError: The file cannot be read.
    """
    try:
        with pq.ParquetFile(path) as file:
            present = [name for name in SCHEMA.names if name in file.schema_arrow.names]
            for number in range(file.num_row_groups):
                yield keyed(_within(_whole(file.read_row_group(number, columns=present)), start, end))
    except (pa.ArrowException, OSError) as error:
        raise LakeError(f"{key} cannot be read for its sessions: {error}") from error


def window(day: str) -> tuple[datetime, datetime]:
    """From the start of the day before to the end of the day after, UTC."""
    midnight = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return midnight - timedelta(days=1), midnight + timedelta(days=2)


def _whole(table: pa.Table) -> pa.Table:
    """The rows in today's columns; columns that did not exist yet are null."""
    present = set(table.schema.names)
    columns = [table[field.name] if field.name in present else pa.nulls(len(table), field.type) for field in SCHEMA]
    return pa.table(dict(zip(SCHEMA.names, columns, strict=True))).cast(SCHEMA)


def _within(table: pa.Table, start: datetime, end: datetime) -> pa.Table:
    times = pc.coalesce(table["event_time"], table["received_time"])
    first, last = (pa.scalar(bound, SCHEMA.field("event_time").type) for bound in (start, end))
    is_inside = pc.and_(pc.greater_equal(times, first), pc.less(times, last))
    return table.take(np.flatnonzero(places(pc.fill_null(is_inside, fill_value=False))))
