"""The one list of batch steps: the Glue job, its schedules and the batch run on a laptop are all made from it."""

from dataclasses import dataclass, replace
from typing import Literal

Schedule = Literal["hourly", "daily"]

COMMON_ARGUMENTS = {
    "bucket": "BucketName",
    "database": "DatabaseName",
    "workgroup": "WorkgroupName",
    "file-shape": "FileShape",
    "landing-days": "LandingRetentionDays",
    "raw-events-days": "RawEventsRetentionDays",
    "sessions-days": "SessionsRetentionDays",
    "report-days": "ReportRetentionDays",
    "suppress-below": "ReportSuppressBelow",
    "gap-minutes": "SessionGapMinutes",
    "cut-at": "SessionCuts",
    "masked-tables": "MaskedTables",
    "ledger-table": "LedgerTableName",
    "counters-table": "CountersTableName",
    "page-metrics-table": "PageMetricsTableName",
    "anomalies-table": "AnomaliesTableName",
    "session-metrics-table": "SessionMetricsTableName",
    "failure-bucket": "FailureBucketName",
    "stream": "StreamName",
}
"""Arguments that every step gets, and the stack output that holds the value of each."""


@dataclass(frozen=True)
class Step:
    """One batch job.

    Attributes:
        name: Module in `batch_jobs` with a function `main(argv) -> exit code`.
        schedules: When it runs; a step without any runs by name, when somebody needs it.
        arguments: What it gets beside the common arguments.
        needs: Steps that must not have failed before it in the same run.
    """

    name: str
    schedules: tuple[Schedule, ...]
    arguments: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def script(self) -> str:
        """Path in the repository."""
        return f"batch_jobs/{self.name}.py"


STEPS = (
    Step("repair_catalog", schedules=()),
    Step("open_partitions", schedules=("hourly", "daily")),
    # Before compaction: it may put the last objects of a quiet lane on the work list.
    Step("audit_ledger", schedules=("hourly", "daily")),
    # Before compaction: it looks for the ids of a person's events while the rows are still there.
    Step("erase_events", schedules=("hourly", "daily")),
    Step("compact_events", schedules=("hourly", "daily")),
    # Daily: every run reads three days for each date that changed, and a day changes every hour.
    Step("build_sessions", schedules=("daily",), needs=("compact_events",)),
    # Daily, and only what changed, by the newest registered model; without one it says so and does nothing.
    Step("score_sessions", schedules=("daily",), needs=("compact_events",)),
    # Right after what they copy; without it when they are off, for it also removes copies that nobody wants any more.
    Step("mask_tables", schedules=("hourly", "daily")),
    Step("check_quality", schedules=("hourly", "daily"), needs=("compact_events",)),
    Step("run_reports", schedules=("daily",), needs=("compact_events", "build_sessions", "check_quality")),
)
"""In the order in which they run."""
NOW = "now"
"""Instead of a schedule: what has arrived by now into `raw_events`, for who cannot wait for the end of the hour."""
_OF_NOW: dict[str, tuple[str, ...]] = {
    "open_partitions": (),
    "audit_ledger": (),
    "compact_events": ("--include-open",),
}


def select(words: str) -> tuple[Step, ...]:
    """Steps of a schedule (`hourly`), of `now`, or of a list of names (`audit_ledger,check_quality`), in their order.

    Raises:
        ValueError: A word is neither a schedule nor a step.
    """
    if words == NOW:
        return tuple(replace(step, arguments=_OF_NOW[step.name]) for step in STEPS if step.name in _OF_NOW)
    wanted = {word.strip() for word in words.split(",")}
    known = {step.name for step in STEPS} | {schedule for step in STEPS for schedule in step.schedules}
    if unknown := sorted(wanted - known):
        raise ValueError(f"{', '.join(unknown)}: known are {', '.join(sorted({*known, NOW}))}")
    return tuple(step for step in STEPS if wanted & {step.name, *step.schedules})
