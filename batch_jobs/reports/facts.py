"""What the report page is made of: the reports' rows, and the few numbers that follow from several of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from batch_jobs.lake_interval import Interval
from batch_jobs.lake_state import LakeState

Row = Mapping[str, Any]


@dataclass(frozen=True)
class PageFacts:
    """Everything the page shows. `rows` is by report name and lacks the reports that failed.

    `runs` has one entry per report as `reports.json` lists it. Instants are UTC; `time_zone` is how they are shown.
    """

    interval: Interval
    time_zone: str
    made_time: datetime
    state: LakeState
    rows: Mapping[str, Sequence[Row]]
    runs: Sequence[Mapping[str, Any]]

    def table(self, report: str) -> Sequence[Row]:
        """Rows of a report; none if it failed."""
        return self.rows.get(report, ())

    def local(self, instant: datetime) -> datetime:
        """The instant as the clock of `time_zone` shows it."""
        return instant.astimezone(ZoneInfo(self.time_zone))

    def headline(self, column: str) -> int | None:
        """One number of the headline report, None if there is none."""
        rows = self.table("headline")
        return rows[0].get(column) if rows else None

    def total(self, report: str, column: str) -> int | None:
        """Sum of a column, None if the report failed."""
        if report not in self.rows:
            return None
        return sum(int(row[column] or 0) for row in self.rows[report])

    @property
    def conversion_rate(self) -> float | None:
        """Share of sessions with a purchase."""
        sessions = self.total("session_summary", "sessions")
        converted = self.total("session_summary", "converted_sessions")
        return converted / sessions if sessions and converted is not None else None

    @property
    def revenue(self) -> dict[str, Decimal]:
        """Value of all orders, by currency."""
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for row in self.table("revenue"):
            if row["revenue"] is not None:
                sums[row["currency"] or "without currency"] += Decimal(str(row["revenue"]))
        return dict(sums)

    @property
    def failures(self) -> list[tuple[str, str]]:
        """Title and sentence of every report that failed."""
        return [(str(run["title"]), str(run["failure"])) for run in self.runs if "failure" in run]

    @property
    def bytes_scanned(self) -> int:
        """Bytes that all queries read."""
        return sum(int(run.get("bytes_scanned", 0)) for run in self.runs)

    @property
    def cost_dollars(self) -> float:
        """What Athena charges for all queries; stopped ones count, refused ones are free."""
        return round(sum(float(run.get("cost_dollars", 0)) for run in self.runs), 6)
