"""Reports as files and tables: Parquet and CSV per report, the page, and the numbers about the run."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow.parquet as pq

from batch_jobs.csv_text import csv_text
from batch_jobs.lake_interval import Interval
from batch_jobs.reports.asking import Outcome
from batch_jobs.reports.facts import PageFacts
from batch_jobs.reports.keys import PAGE, PARQUET, SUMMARY, report_key
from batch_jobs.reports.page import render
from batch_jobs.reports.previous import changes
from batch_jobs.reports.report_tables import point_tables
from clickstream.lake.catalog import Catalog
from clickstream.ports import Bucket


class ReportFile(NamedTuple):
    """One file: the report it belongs to (`page` for the page), its name and its bytes."""

    report: str
    name: str
    body: bytes


def publish(
    bucket: Bucket,
    catalog: Catalog,
    facts: PageFacts,
    outcomes: Sequence[Outcome],
    generations: Mapping[str, int],
    sessions: Mapping[str, int],
    folder: Path | None = None,
) -> None:
    """Write all files to `reports/<name>/<interval>/` of the bucket, and flat into the folder if there is one.

    The tables of a whole UTC day's reports get it as a partition.

    The numbers about the run come last: they say that everything else is there, and from which `generations` (by
    received hour) and `sessions` (by date) it was made. A second run over the interval replaces the files.
    """
    page = ReportFile(PAGE, "report.html", render(facts).encode())
    files = [*_tables(outcomes), page, ReportFile(PAGE, SUMMARY, _summary(facts, generations, sessions))]
    *contents, summary = files
    _store(bucket, facts.interval, contents)
    point_tables(catalog, bucket, facts.interval, [outcome.report for outcome in outcomes if outcome.answer])
    _store(bucket, facts.interval, [summary])
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            (folder / Path(file.name).name).write_bytes(file.body)


def _store(bucket: Bucket, interval: Interval, files: Iterable[ReportFile]) -> None:
    for file in files:
        bucket.put(report_key(file.report, interval, file.name), file.body)


def _tables(outcomes: Iterable[Outcome]) -> Iterator[ReportFile]:
    for outcome in outcomes:
        name = outcome.report.name
        # A report without rows is published as well: a table of none is false.
        if outcome.shown and outcome.rows is not None:
            parquet = BytesIO()
            pq.write_table(outcome.rows, parquet, compression="zstd")
            yield ReportFile(name, f"{PARQUET}/{name}.parquet", parquet.getvalue())
            yield ReportFile(name, f"{name}.csv", csv_text(outcome.shown.frame).encode())


def _summary(facts: PageFacts, generations: Mapping[str, int], sessions: Mapping[str, int]) -> bytes:
    state = asdict(facts.state)
    del state["anomalies"]
    return json.dumps(
        {
            "start": facts.interval.start.isoformat(),
            "end": facts.interval.end.isoformat(),
            "time_zone": facts.time_zone,
            "made_time": facts.made_time.isoformat(),
            **state,
            "anomalies": len(facts.state.anomalies),
            "generations": dict(generations),
            "sessions": dict(sessions),
            "bytes_scanned": facts.bytes_scanned,
            "cost_dollars": facts.cost_dollars,
            "reports": facts.runs,
            "suppress_below": facts.suppress_below,
            "numbers": dict(facts.numbers),
            "earlier_numbers": dict(facts.earlier_numbers),
            "previous": _previous(facts),
            "restatements": msgspec.to_builtins(list(facts.restatements)),
        },
        indent=2,
    ).encode()


def _previous(facts: PageFacts) -> dict[str, Any] | None:
    before = facts.previous
    if before is None:
        return None
    return {
        "start": before.interval.start.isoformat(),
        "end": before.interval.end.isoformat(),
        "numbers": dict(before.numbers),
        "changes": changes(facts.numbers, before.numbers),
        "reports": before.runs,
    }
