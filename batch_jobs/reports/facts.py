"""What the report page is made of: the reports' rows, how they came about, and what they are compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from batch_jobs.lake_interval import Interval
from batch_jobs.lake_state import LakeState
from batch_jobs.number_text import count, plural
from batch_jobs.reports.previous import Previous
from batch_jobs.reports.published import Restatement
from batch_jobs.reports.report_rows import Number, Numbers, ReportRows


@dataclass(frozen=True)
class PageFacts(ReportRows):
    """Everything the page shows.

    `runs` has one entry per report as `reports.json` lists it. Instants are UTC; `time_zone` is how they are shown.
    """

    interval: Interval
    time_zone: str
    made_time: datetime
    state: LakeState
    runs: Sequence[Mapping[str, Any]]
    numbers: Numbers
    """The key numbers, None where they are unknown or about too few people."""
    previous: Previous | None = None
    """None where the period before is not whole in the lake, or this one is not over."""
    restatements: Sequence[Restatement] = ()
    """All of the interval so far, oldest first."""
    earlier_numbers: Mapping[str, Number] = field(default_factory=dict)
    """Numbers that earlier runs published, and this one has not."""
    suppress_below: int = 0
    """`rows` lack counts of visitors and sessions below it; 0 for none."""

    def local(self, instant: datetime) -> datetime:
        """The instant as the clock of `time_zone` shows it."""
        return instant.astimezone(ZoneInfo(self.time_zone))

    @property
    def failures(self) -> list[tuple[str, str]]:
        """Title and sentence of every report that failed."""
        return [(str(run["title"]), str(run["failure"])) for run in self.runs if "failure" in run]

    def looked_back(self, report: str) -> str:
        """One sentence on how far back the report looks, and whether the lake holds all of that; empty for none."""
        run = next((run for run in self.runs if run.get("name") == report and "days_read" in run), None)
        if run is None:
            return ""
        read, held = int(run["days_read"]), int(run["days_held"])
        lacking = "" if held >= read else f"; the lake holds sessions of {count(held)} of them"
        return f"What came before is known from {plural(read, 'day')} up to the end of the interval{lacking}."

    @property
    def suppressed_cells(self) -> int:
        """Counts that are left out because they are about too few people."""
        return sum(int(run.get("suppressed_cells", 0)) for run in self.runs)

    @property
    def queries(self) -> list[Mapping[str, Any]]:
        """Every query that was asked for: those of the interval, then those of the period before."""
        return [*self.runs, *(self.previous.runs if self.previous else ())]

    @property
    def bytes_scanned(self) -> int:
        """Bytes that all queries read."""
        return sum(int(run.get("bytes_scanned", 0)) for run in self.queries)

    @property
    def cost_dollars(self) -> float:
        """What Athena charges for all queries; stopped ones count, refused ones are free."""
        return round(sum(float(run.get("cost_dollars", 0)) for run in self.queries), 6)
