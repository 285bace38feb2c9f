"""What QuickSight imports: the main reports, each from its Glue table and with the columns of that table."""

from dataclasses import dataclass
from functools import cached_property

from batch_jobs.reports.report_list import REPORTS, Report
from clickstream.lake_table import Column

DAY = "report_date"
"""The UTC day that a row is about, in every dataset."""
_TYPES = {
    "string": "STRING",
    "bigint": "INTEGER",
    "int": "INTEGER",
    "double": "DECIMAL",
    "date": "DATETIME",
    "timestamp": "DATETIME",
}
"""QuickSight's type of each type of Glue. A flag has none: no chart has an axis of it."""


@dataclass(frozen=True)
class Dataset:
    """One report as a dataset.

    Attributes:
        name: Name of the report.
        where: Which of its rows are imported; `{table}` is its table. Empty for all.
    """

    name: str
    where: str = ""

    @cached_property
    def report(self) -> Report:
        """The report that it is made of."""
        (found,) = (report for report in REPORTS if report.name == self.name)
        return found

    @property
    def columns(self) -> tuple[Column, ...]:
        """The day, then the columns of the report, without flags."""
        table = self.report.table
        return tuple(column for column in (*table.partition_keys, *table.columns) if column.glue_type in _TYPES)

    @property
    def types(self) -> dict[str, str]:
        """QuickSight's type of each column."""
        return {column.name: _TYPES[column.glue_type] for column in self.columns}

    def query(self, database: str) -> str:
        """The statement that QuickSight asks Athena."""
        table = f'"{database}"."{self.report.table.name}"'
        clauses = {"SELECT": ", ".join(column.name for column in self.columns), "FROM": table}
        if self.where:
            clauses["WHERE"] = self.where.format(table=table)
        return " ".join(f"{word} {clause}" for word, clause in clauses.items())

    def physical_id(self, prefix: str) -> str:
        """Its id in the account, where all stacks and people share one name space."""
        return f"{prefix}-{self.name.replace('_', '-')}"


DATASETS = (
    Dataset("daily_metrics"),
    Dataset("event_types"),
    Dataset("top_pages"),
    Dataset("funnel"),
    Dataset("session_summary"),
    Dataset("channels"),
    Dataset("campaigns"),
    # Each day tells of the same fifteen days anew, so their rows cannot be added up.
    Dataset("retention", "is_complete AND report_date = (SELECT max(report_date) FROM {table})"),
    Dataset("headline"),
    Dataset("bad_events"),
)
