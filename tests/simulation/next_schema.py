"""The code of the next version, in a process of its own: `raw_events` has one more column, as a later version may add.

    python -m tests.simulation.next_schema < stores > rows

Standard input is a pickled list of stores (bucket, table of the ledger); standard output the rows of the one hour after
the newer code has compacted it, for each of them.
"""

import pickle
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from clickstream import tables
from clickstream.lake_table import Column

COLUMN = "next_column"
HOUR = "2026-11-21T09"


def main() -> int:
    """Compact each lake as the next version would."""
    newer = (*tables.RAW_EVENTS.columns, Column(COLUMN, pa.string(), "of the next version"))
    # Before anything else of the library is imported, which makes lists of the columns.
    tables.RAW_EVENTS = replace(tables.RAW_EVENTS, columns=newer)
    found = [_rows(*stores) for stores in pickle.load(sys.stdin.buffer)]  # noqa: S301  of our own test
    sys.stdout.buffer.write(pickle.dumps(found))
    return 0


def _rows(bucket: Any, table: Any) -> list[dict[str, Any]]:
    from clickstream.lake.compaction import compact_hour
    from clickstream.lake.work import Lake
    from clickstream.ledger import Ledger
    from tests.simulation.fake_catalog import MemoryCatalog
    from tests.simulation.fake_lake import rows_under

    now = datetime(2026, 11, 22, tzinfo=UTC)
    outcome = compact_hour(Lake(bucket, Ledger(table, bucket), MemoryCatalog(), lambda: now, "next"), HOUR)
    assert outcome.generation is not None
    return rows_under(bucket, outcome.generation.folder)


if __name__ == "__main__":
    sys.exit(main())
