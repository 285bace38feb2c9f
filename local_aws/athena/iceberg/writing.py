"""Rows become data files, files become one commit: all of a statement, or nothing of it.

Files of a commit that failed stay until VACUUM finds them: a reply may be lost, and then they are in the table.
"""

import uuid
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError
from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.io.pyarrow import _dataframe_to_data_files, schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table, Transaction

from local_aws.athena.engine import Answer
from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.iceberg.partitioning import refuse_repeated
from local_aws.athena.iceberg.tables import athena_errors

MAX_PARTITIONS = 100
_CHUNK_BYTES = 128 << 20
"""Rows held in memory at once, as Arrow counts them."""


def write_files(answer: Answer, transaction: Transaction) -> list[DataFile]:
    """Write rows as data files, which are in no table before they are committed.

    Raises:
        QueryError: `ICEBERG_TOO_MANY_OPEN_PARTITIONS`, or a NULL where the table allows none.
        NotSupportedError: Rows that pyiceberg would leave out.
    """
    metadata, io = transaction.table_metadata, transaction._table.io  # noqa: SLF001 - a table to be has no other handle
    refuse_repeated(metadata.spec())
    schema = schema_to_pyarrow(metadata.schema(), include_field_ids=False)
    name, numbers = uuid.uuid4(), count()
    files: list[DataFile] = []
    for chunk in _chunks(answer):
        rows = _typed(chunk, schema)
        written = list(_dataframe_to_data_files(metadata, rows, io, name, numbers))
        files += written
        if sum(file.record_count for file in written) != rows.num_rows:
            _discard(files, transaction)
            raise NotSupportedError("partition values that equal nothing, such as NaN")
        partitions = {file.partition for file in files}
        if len(partitions) > MAX_PARTITIONS:
            _discard(files, transaction)
            text = f"Exceeded limit of {MAX_PARTITIONS} open writers for partitions"
            raise QueryError("ICEBERG_TOO_MANY_OPEN_PARTITIONS", text)
    return files


def _chunks(answer: Answer) -> Iterator[pa.Table]:
    batches: list[pa.RecordBatch] = []
    size = 0
    for batch in answer.batches:
        if batch.num_rows == 0:
            continue
        batches.append(batch)
        size += batch.nbytes
        if size > _CHUNK_BYTES:
            yield pa.Table.from_batches(batches, answer.schema)
            batches, size = [], 0
    if batches:
        yield pa.Table.from_batches(batches, answer.schema)


def _typed(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    for place, field in enumerate(schema):
        if not field.nullable and rows.column(place).null_count:
            raise QueryError("CONSTRAINT_VIOLATION", f"NULL value not allowed for NOT NULL column: {field.name}")
    return rows.rename_columns(schema.names).cast(schema)


def _discard(files: list[DataFile], transaction: Transaction) -> None:
    """Remove files before any commit names them."""
    for file in files:
        with suppress(ClientError, BotoCoreError):
            transaction._table.io.delete(file.file_path)  # noqa: SLF001 - as above


def append(table: Table, answer: Answer) -> list[DataFile]:
    """Add rows to a table; others may add at the same time.

    Raises:
        QueryError: `ICEBERG_COMMIT_ERROR`: nothing was added.
    """
    transaction = table.transaction()
    files = write_files(answer, transaction)
    if files:
        commit_append(transaction, files)
    return files


def commit_append(transaction: Transaction, files: list[DataFile]) -> None:
    """Commit files that only add rows.

    Raises:
        QueryError: `ICEBERG_COMMIT_ERROR`.
    """
    with athena_errors(_name(transaction)):
        with transaction.update_snapshot().fast_append() as update:
            for file in files:
                update.append_data_file(file)
        transaction.commit_transaction()


def commit_swap(
    transaction: Transaction, old: list[DataFile], new: list[DataFile], conflicts: BooleanExpression | None = None
) -> None:
    """Put files in the place of others.

    Args:
        transaction: Of the table.
        old: Files of the state that the transaction began with.
        new: What replaces them.
        conflicts: Rows that, added by another meanwhile, make this fail; any when absent.

    Raises:
        QueryError: `ICEBERG_COMMIT_ERROR`: another commit came first and touched what this one did.
    """
    with athena_errors(_name(transaction)):
        with transaction.update_snapshot().overwrite() as update:
            if conflicts is not None and conflicts != AlwaysTrue():
                update.delete_by_predicate(conflicts, case_sensitive=False)
            for file in old:
                update.delete_data_file(file)
            for file in new:
                update.append_data_file(file)
        transaction.commit_transaction()


def _name(transaction: Transaction) -> str:
    return ".".join(transaction._table.name())  # noqa: SLF001 - as above
