"""Reports as files: Parquet and CSV per report, the page, and the numbers about the run."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from batch_jobs.csv_text import csv_text
from batch_jobs.queries import Answer
from batch_jobs.reports.facts import PageFacts
from batch_jobs.reports.keys import PAGE, SUMMARY, report_key
from batch_jobs.reports.page import render
from batch_jobs.reports.previous import changes
from clickstream.ports import Bucket


class ReportFile(NamedTuple):
    """One file: the report it belongs to (`page` for the page), its name and its bytes."""

    report: str
    name: str
    body: bytes


def publish(
    bucket: Bucket,
    facts: PageFacts,
    answers: Mapping[str, Answer],
    generations: Mapping[str, int],
    sessions: Mapping[str, int],
    folder: Path | None = None,
) -> None:
    """Write all files to `reports/<name>/<interval>/` of the bucket, and flat into the folder if there is one.

    The numbers about the run come last: they say that everything else is there, and from which `generations` (by
    received hour) and `sessions` (by date) it was made. A second run over the interval replaces the files.
    """
    page = ReportFile(PAGE, "report.html", render(facts).encode())
    files = [*_tables(answers), page, ReportFile(PAGE, SUMMARY, _summary(facts, generations, sessions))]
    for file in files:
        bucket.put(report_key(file.report, facts.interval, file.name), file.body)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            (folder / file.name).write_bytes(file.body)


def _tables(answers: Mapping[str, Answer]) -> Iterator[ReportFile]:
    for name, answer in answers.items():
        parquet = BytesIO()
        pq.write_table(pa.Table.from_pandas(answer.frame, preserve_index=False), parquet, compression="zstd")
        yield ReportFile(name, f"{name}.parquet", parquet.getvalue())
        yield ReportFile(name, f"{name}.csv", csv_text(answer.frame).encode())


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
            "numbers": facts.key_numbers,
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
        "changes": changes(facts.key_numbers, before.numbers),
        "reports": before.runs,
    }
