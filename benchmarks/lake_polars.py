"""Engine: Polars on one core: unique by id, any copy of it, then the same order, streamed to a file."""

import os
import sys
from pathlib import Path

os.environ["POLARS_MAX_THREADS"] = "1"
import polars as pl  # type: ignore[import-not-found]  # in the environment of the others


def main(landing: Path, out: Path) -> None:
    """Read, deduplicate, sort and write as one lazy query."""
    query = pl.scan_parquet(landing / "*.parquet").unique(subset=["event_id"], keep="any")
    query.sort("event_type", "event_time").sink_parquet(
        out / "part.parquet", compression="zstd", compression_level=3, row_group_size=500_000
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
