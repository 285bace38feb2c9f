"""Deletes by position, as engines that merge on read leave them beside the data files."""

import io

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    ManifestWriterV2,
)
from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update.snapshot import _FastAppendFiles
from pyiceberg.typedef import Record

from local_aws.athena.iceberg.tables import IcebergTables
from local_aws.athena.objects import split_uri


class _DeletesWriter(ManifestWriterV2):
    def content(self) -> ManifestContent:
        return ManifestContent.DELETES


class _RowDelta(_FastAppendFiles):
    """Adds delete files where an append adds data files."""

    def _manifests(self) -> list[ManifestFile]:
        metadata = self._transaction.table_metadata
        output = self.new_manifest_output()
        with _DeletesWriter(metadata.spec(), metadata.schema(), output, self._snapshot_id, "deflate") as writer:
            for file in self._added_data_files:
                writer.add(
                    ManifestEntry.from_args(
                        status=ManifestEntryStatus.ADDED, snapshot_id=self._snapshot_id, data_file=file
                    )
                )
        return [writer.to_manifest_file(), *self._existing_manifests()]

    def _summary(self, snapshot_properties: dict[str, str] = {}) -> object:  # type: ignore[override]  # noqa: B006 - as the parent has it
        added, self._added_data_files = self._added_data_files, []
        summary = super()._summary(snapshot_properties)
        self._added_data_files = added
        return summary


def delete_by_position(name: str, data_file: str) -> None:
    """Delete the first row of a data file of a table that is not partitioned."""
    table = IcebergTables(boto3.client("glue"), boto3.client("s3")).load("web", name)
    buffer = io.BytesIO()
    pq.write_table(pa.table({"file_path": [data_file], "pos": pa.array([0], pa.int64())}), buffer)
    place = f"{table.location()}/data/deletes.parquet"
    bucket, key = split_uri(place)
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=buffer.getvalue())
    deletes = DataFile.from_args(
        content=DataFileContent.POSITION_DELETES,
        file_path=place,
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=1,
        file_size_in_bytes=len(buffer.getvalue()),
    )
    deletes.spec_id = 0
    with table.transaction() as transaction, _RowDelta(Operation.DELETE, transaction, table.io) as update:
        update.append_data_file(deletes)
