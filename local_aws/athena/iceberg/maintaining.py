"""OPTIMIZE puts small files together, VACUUM forgets old snapshots and removes what no snapshot names."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from pyiceberg.manifest import DataFile
from pyiceberg.table import Table as IcebergTable
from pyiceberg.transforms import IdentityTransform
from sqlglot import exp

from local_aws.athena.catalog import Table
from local_aws.athena.errors import QueryError
from local_aws.athena.iceberg.binding import PLACES
from local_aws.athena.iceberg.changing import Target, whole_files
from local_aws.athena.iceberg.properties import number_of, target_bytes
from local_aws.athena.iceberg.reachable import delete_objects, metadata_files, objects_of, reachable
from local_aws.athena.iceberg.scanning import FILE
from local_aws.athena.iceberg.tables import athena_errors
from local_aws.athena.iceberg.writing import commit_swap, write_files
from local_aws.athena.statement import Statement
from local_aws.athena.translate.dialect import parse

_SMALL, _LARGE = 0.75, 1.8
"""Files of less or more than this share of the target size are rewritten."""
_WRITING = timedelta(days=1)
"""An object that no snapshot names may be of a statement under way; none takes so long."""


def optimize(statement: Statement, table: Table, where: str | None) -> int:
    """OPTIMIZE … REWRITE DATA USING BIN_PACK, and return the number of files rewritten.

    Args:
        statement: What runs.
        table: An Iceberg table.
        where: Condition over partition columns, if there is one.

    Raises:
        QueryError: A condition over other columns, `ICEBERG_COMMIT_ERROR`.
    """
    iceberg = statement.session.iceberg.load(table.database, table.name)
    node = exp.table_(table.name, db=table.database, quoted=True)
    node.meta[PLACES] = True
    query = exp.Select().distinct().select(exp.column(FILE, quoted=True)).from_(node)
    if where is not None:
        condition = parse(f"SELECT 1 AS x FROM t WHERE {where}").args["where"].this  # noqa: S608 - the statement\'s own
        _check_columns(iceberg, condition)
        query = query.where(condition)
    statement.session.translate(query)  # binding it plans the files
    places = statement.session.iceberg_binder().places
    if places is None:
        return 0
    chosen = _chosen(iceberg, places.files)
    if len(chosen) < number_of(iceberg, "optimize_rewrite_data_file_threshold"):
        chosen = []
    places.scan.files = [places.scan.files[number] for number in chosen]  # what is read, and paid for
    if not chosen:
        return 0
    target = Target(statement.session, iceberg, node)
    transaction = iceberg.transaction()
    new = write_files(whole_files(target, places, chosen), transaction)
    commit_swap(transaction, [places.files[number] for number in chosen], new, places.view.row_filter)
    return len(chosen)


def _check_columns(table: IcebergTable, condition: exp.Expr) -> None:
    known = {
        table.schema().find_column_name(field.source_id)
        for field in table.spec().fields
        if isinstance(field.transform, IdentityTransform)
    }
    other = next((column.name for column in condition.find_all(exp.Column) if column.name.lower() not in known), None)
    if other is not None:
        raise QueryError("NOT_SUPPORTED", f"OPTIMIZE … WHERE takes partition columns only, not {other}")


def _chosen(table: IcebergTable, files: list[DataFile]) -> list[int]:
    """Return the numbers of files worth rewriting: those of other than good size, unless alone in their partition."""
    target = target_bytes(table)
    low = int(table.properties.get("optimize_rewrite_min_data_file_size_bytes", round(_SMALL * target)))
    high = int(table.properties.get("optimize_rewrite_max_data_file_size_bytes", round(_LARGE * target)))
    groups: dict[tuple[int, object], list[int]] = defaultdict(list)
    for number, file in enumerate(files):
        if not low <= file.file_size_in_bytes <= high or file.spec_id != table.metadata.default_spec_id:
            groups[file.spec_id, file.partition].append(number)
    return sorted(
        number
        for (spec_id, _), numbers in groups.items()
        for number in numbers
        if len(numbers) > 1 or files[number].file_size_in_bytes > high or spec_id != table.metadata.default_spec_id
    )


def vacuum(statement: Statement, table: Table, now: datetime) -> None:
    """VACUUM: snapshots beyond the age of the table go, then the objects that only they named, then stray ones.

    Raises:
        QueryError: `ICEBERG_COMMIT_ERROR`: nothing was removed.
    """
    iceberg = statement.session.iceberg.load(table.database, table.name)
    age = timedelta(seconds=number_of(iceberg, "vacuum_max_snapshot_age_seconds"))
    expired = _expired(iceberg, now - age)
    files = reachable(iceberg, [s for s in iceberg.snapshots() if s.snapshot_id in expired])
    if expired:
        with athena_errors(table.name):
            iceberg.maintenance.expire_snapshots().by_ids(sorted(expired)).commit()
    current = iceberg.refresh()
    kept_metadata = number_of(current, "vacuum_max_metadata_files_to_keep")
    metadata = metadata_files(current)[-kept_metadata - 1 :]
    named = reachable(current, current.snapshots()) | {*metadata}
    stray = {
        address
        for address, written in objects_of(statement.s3, current)
        if address not in named and written < now - max(age, _WRITING)
    }
    delete_objects(statement.s3, (files - named) | stray)


def _expired(table: IcebergTable, before: datetime) -> set[int]:
    """Return the ids of snapshots to forget: those too old, without the newest ones and those that a name points to."""
    kept = {ref.snapshot_id for ref in table.refs().values()}
    in_order = sorted(table.snapshots(), key=lambda snapshot: snapshot.timestamp_ms, reverse=True)
    kept |= {s.snapshot_id for s in in_order[: number_of(table, "vacuum_min_snapshots_to_keep")]}
    limit = before.astimezone(UTC).timestamp() * 1000
    return {s.snapshot_id for s in in_order if s.timestamp_ms < limit} - kept
