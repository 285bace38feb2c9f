"""Rows of a simulated lake: of all columns only those that its events fill, and those that its jobs work with.

The others would be null in every row, and three fifths of the work on a file.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from unittest.mock import patch

import pyarrow as pa

from clickstream.lake import duplicates, parquet
from clickstream.tables import RAW_EVENTS
from tests.simulation import fake_lake
from tests.simulation.erasure_world import Said

_RENEWED = ("page_url", "referrer", "user_agent", "channel")
"""What a replay makes columns anew of."""
_FILLED = {*Said("e", 1).row(fake_lake.HOUR), "anonymous_id", *_RENEWED}
NAMES = [name for name in RAW_EVENTS.schema.names if name in _FILLED]
_SCHEMA = pa.schema([RAW_EVENTS.schema.field(name) for name in NAMES])
_CHANGES = {
    **{f"clickstream.lake.{module}.SCHEMA": _SCHEMA for module in ("parquet", "duplicates", "sifting", "file_shapes")},
    "clickstream.lake.parquet.REPEATED": tuple(name for name in parquet.REPEATED if name in NAMES),
    "clickstream.lake.parquet._WORKING": pa.schema([parquet._WORKING.field(name) for name in NAMES]),
    "clickstream.lake.duplicates._CONTENT": tuple(name for name in duplicates._CONTENT if name in NAMES),
    "tests.simulation.fake_lake.parquet_bytes": partial(fake_lake.parquet_bytes, schema=_SCHEMA),
}


@contextmanager
def few_columns() -> Iterator[None]:
    """Data files of `raw_events`, as they land and as they are written, have these columns."""
    with ExitStack() as stack:
        for place, value in _CHANGES.items():
            stack.enter_context(patch(place, value))
        yield
