"""The partitions of the Glue tables of reports: one for every published UTC day."""

from collections.abc import Iterable

from batch_jobs.lake_interval import Interval, whole_day
from batch_jobs.reports.keys import PARQUET, report_key
from batch_jobs.reports.report_list import Report
from clickstream.errors import Conflict
from clickstream.lake.catalog import Catalog, Partition, uri
from clickstream.ports import Bucket


def point_tables(catalog: Catalog, bucket: Bucket, interval: Interval, reports: Iterable[Report]) -> None:
    """Point the day's partition of every report's table to its Parquet file; other intervals are in no table.

    A day that is published again gets the columns that the table has now. Raises `InfrastructureError` if a table is
    not deployed or the catalog cannot be reached.
    """
    if interval != whole_day(interval.start.date()):
        return
    for report in reports:
        folder = report_key(report.name, interval, f"{PARQUET}/")
        partition = Partition(interval.label, uri(bucket, folder))
        try:
            catalog.create(report.table.name, partition)
        except Conflict:
            catalog.update(report.table.name, partition)
