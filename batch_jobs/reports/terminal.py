"""What a person who runs the reports sees: a line for each, what they read and cost, and where the page is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from batch_jobs.number_text import SPACE, count, dollars, size
from batch_jobs.reports.facts import PageFacts
from batch_jobs.reports.keys import PAGE, report_key
from clickstream.lake.catalog import uri
from clickstream.ports import Bucket

_HEADINGS = ("report", "rows", "read", "seconds", "cost")


def summary(facts: PageFacts) -> str:
    """Every report of the page and the sums, in columns. Without a package: the job has none for tables."""
    seconds = sum(float(run.get("seconds", 0)) for run in facts.queries)
    whole = ("all", "", size(facts.bytes_scanned), f"{seconds:.1f}", dollars(facts.cost_dollars))
    rows = [_HEADINGS, *map(_cells, facts.queries), whole]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADINGS))]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    return "\n".join(lines).replace(SPACE, " ")


def page_places(facts: PageFacts, bucket: Bucket, folder: Path | None) -> str:
    """Where the page lies in the bucket, and as a file where it was asked for."""
    stored = uri(bucket, report_key(PAGE, facts.interval, "report.html"))
    return f"{folder.resolve() / 'report.html'} (also {stored})" if folder else stored


def _cells(run: Mapping[str, Any]) -> tuple[str, ...]:
    rows = "failed" if "failure" in run else count(run["rows"])
    seconds, cost = float(run.get("seconds", 0)), float(run.get("cost_dollars", 0))
    return str(run["title"]), rows, size(int(run.get("bytes_scanned", 0))), f"{seconds:.1f}", dollars(cost)
