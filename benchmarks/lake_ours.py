"""Engine: the compactor's core on one core: exact deduplication, quarantine, counts, sorted runs."""

import sys
from pathlib import Path

import pyarrow as pa

from clickstream.lake.duplicates import unite
from clickstream.lake.parquet import PartWriter, opened


def main(landing: Path, out: Path) -> None:
    """Merge the landing objects into sorted parts; rows that are no copies of others would go to quarantine."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    files = [opened(path.name, path) for path in sorted(landing.glob("*.parquet"))]
    aside = out.with_name("quarantine")
    aside.mkdir()
    with PartWriter(out) as output, PartWriter(aside) as quarantine:
        unite(files, [], output, quarantine)
    if quarantine.rows:
        raise ValueError(f"{quarantine.rows} copies differ from their originals: the workload is wrong")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
