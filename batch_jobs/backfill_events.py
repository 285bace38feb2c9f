"""Bring history into the lake: NDJSON, CSV with a column mapping, or web access logs, from disk or S3.

    python -m batch_jobs.backfill_events --stack clickstream-local access.log.gz s3://archive/2025.ndjson.zst
    python -m batch_jobs.backfill_events orders.csv --map "Invoice date=timestamp" --map Price=revenue \
        --set event_type=purchase --set currency=GBP --time-format "%d/%m/%Y %H:%M"

Safe to stop and to start again: it goes on after the last commit, and content that was imported before adds nothing.
Live counters are not touched. `compact_events` then brings the hours into `raw_events`.
"""

import argparse
import json
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from aws_processor import build
from aws_stores import S3Bucket
from batch_jobs.command_line import INTERRUPTED, interruptible
from batch_jobs.history_progress import followed
from batch_jobs.ledger_tools import deployed, now, parser
from clickstream.errors import ClickstreamError, LakeError, SourceError
from clickstream.intake.csv_mapping import ColumnMapping, read_mapping
from clickstream.intake.history import DEFAULT_SITE, HistoryFile, examine
from clickstream.intake.rows import Source
from clickstream.positions import IMPORT
from clickstream.stream.importing import Importer, chunks

WRITERS = 8
"""Threads that write the objects of a commit."""
_S3 = "s3://"


def main(argv: Sequence[str] | None = None) -> int:
    """Import. 0: every file is in; 1: a file or a service failed, said on standard error; 2: wrong usage."""
    options = _parser().parse_args(argv)
    try:
        mapping = _mapping(options)
    except SourceError as error:
        print(f"backfill_events: {error}", file=sys.stderr)
        return 2
    try:
        with ThreadPoolExecutor(WRITERS) as pool:
            importer = replace(_importer(options.stack), each=pool.map)
            failed = [name for name in options.file if not _is_done(importer, name, mapping, options)]
    except ClickstreamError as error:
        print(f"backfill_events: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("backfill_events: stopped; the same command goes on after the last commit", file=sys.stderr)
        return INTERRUPTED
    return 1 if failed else 0


def _is_done(importer: Importer, name: str, mapping: ColumnMapping | None, options: argparse.Namespace) -> bool:
    """Take one file; a sentence and False if it cannot be read, which does not keep the others out."""
    try:
        with _local(name) as path:
            _work(importer, examine(path, mapping, options.site), name, is_dry=options.dry_run)
    except (LakeError, SourceError) as error:
        print(f"backfill_events: {error}", file=sys.stderr)
        return False
    return True


def _importer(stack: str) -> Importer:
    """The importer with the settings of the deployed function: the same key, tables and country file."""
    found = deployed(stack)
    processor = build(found.settings)
    return Importer(
        ledger=processor.ledger,
        bucket=processor.bucket,
        now=now,
        read=processor.read,
        code_version=processor.code_version,
    )


def _work(importer: Importer, file: HistoryFile, name: str, *, is_dry: bool) -> None:
    """Import one file, or only say what it holds, and print one line about it."""
    started, sums, reasons = time.monotonic(), Counter[str](), Counter[str]()
    steps = _looked_at(importer, file, reasons) if is_dry else _taken_in(importer, file)
    for counts in followed(name, file.lines, steps):
        sums.update(counts)
    line: dict[str, Any] = {"job": "backfill_events", "file": Path(name).name, "kind": file.kind, "lines": file.lines}
    line |= {"epoch": file.digest, **{key: sums[key] for key in ("landed", "bad", "commits")}}
    line |= {"reasons": dict(reasons.most_common())} if is_dry else {}
    print(json.dumps(line | {"seconds": round(time.monotonic() - started, 1)}), flush=True)


def _taken_in(importer: Importer, file: HistoryFile) -> Iterator[tuple[int, dict[str, int]]]:
    """The line that was reached, and what was committed since the one before."""
    for line, commit in importer.run(file.digest, file.options, file.events(), uuid.uuid4().hex[:12]):
        yield line, {"landed": commit.landed, "bad": commit.bad, "commits": 1}


def _looked_at(importer: Importer, file: HistoryFile, reasons: Counter[str]) -> Iterator[tuple[int, dict[str, int]]]:
    """The same for a dry run; the reasons of bad events are counted."""
    for chunk in chunks(file.events()):
        rows = importer.rows(chunk, Source(file.digest, IMPORT))
        reasons.update(str(row[0]) for row in rows.bad)
        yield chunk[-1].number, {"landed": len(rows.good), "bad": len(rows.bad)}


@contextmanager
def _local(name: str) -> Iterator[Path]:
    """The file, or a local copy of an object of S3, which goes away afterwards."""
    if not name.startswith(_S3):
        yield Path(name)
        return
    bucket, _, key = name.removeprefix(_S3).partition("/")
    with tempfile.TemporaryDirectory(prefix="backfill-") as folder:
        path = Path(folder) / (Path(key).name or "object")
        S3Bucket(bucket).download(key, path)
        yield path


def _mapping(options: argparse.Namespace) -> ColumnMapping | None:
    """The column mapping of the command line: a file, completed or overruled by single options; None if none is given.

    Raises `SourceError` if events cannot be made of it.
    """
    if not (options.mapping or options.map):
        return None
    pairs, constants = dict(map(_pair, options.map)), dict(map(_pair, options.set))
    if options.mapping is None:
        return ColumnMapping(pairs, constants, options.time_format, options.delimiter or ",")
    stored = read_mapping(options.mapping)
    return ColumnMapping(
        {**stored.columns, **pairs},
        {**stored.constants, **constants},
        options.time_format or stored.time_format,
        options.delimiter or stored.delimiter,
    )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.rpartition("=")
    if not (name and equals):
        raise SourceError(f"{text!r} must be COLUMN=FIELD, or FIELD=VALUE")
    return name, value


def _parser() -> argparse.ArgumentParser:
    made = parser("backfill_events", "Bring history into the lake.")
    made.add_argument(
        "file", nargs="+", help="NDJSON, CSV or access log, plain, .gz or .zst; a path or s3://bucket/key"
    )
    made.add_argument(
        "--mapping", type=Path, metavar="FILE", help="TOML or JSON: which columns of a CSV are which fields"
    )
    made.add_argument(
        "--map", action="append", default=[], metavar="COLUMN=FIELD", help="one column of a CSV; repeatable"
    )
    made.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", help="the same in every event of a CSV"
    )
    made.add_argument(
        "--time-format", metavar="FORMAT", help='such as "%%d/%%m/%%Y %%H:%%M"; default: ISO 8601 or epoch'
    )
    made.add_argument("--delimiter", metavar="CHARACTER", help="between the cells of a CSV; default: a comma")
    made.add_argument(
        "--site", default=DEFAULT_SITE, help=f"what paths of access logs are below; default {DEFAULT_SITE}"
    )
    made.add_argument("--dry-run", action="store_true", help="only say how many events and bad lines it would be")
    return made


if __name__ == "__main__":
    sys.exit(interruptible(main))
