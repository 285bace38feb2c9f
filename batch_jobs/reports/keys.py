"""Where published reports lie in the bucket."""

from batch_jobs.lake_interval import Interval
from clickstream.tables import REPORTS_PREFIX

PAGE, SUMMARY = "page", "reports.json"
"""Folder of the pages, and the name of the numbers about a run beside each page."""
PARQUET = "parquet"
"""Folder of a report's Parquet file within that of the interval: a partition of Athena may hold nothing else."""


def report_key(report: str, interval: Interval, name: str) -> str:
    """Key of one published file."""
    return f"{REPORTS_PREFIX}/{report}/{interval.label}/{name}"
