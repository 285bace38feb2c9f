"""Writes the rows of a query as Parquet objects below an S3 location, by way of a local folder."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.dataset as pads

from local_aws.athena.catalog import Partition, folder
from local_aws.athena.engine import Answer
from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.objects import split_uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_PARTITIONS = 100
_COMPRESSIONS = {"NONE": "none", "UNCOMPRESSED": "none", "SNAPPY": "snappy", "GZIP": "gzip", "ZSTD": "zstd"}
_UPLOADS = 4


@dataclass(frozen=True)
class Target:
    """Where and how rows are written.

    Attributes:
        location: S3 folder.
        partitioned_by: The last columns of the rows, in order; they go into the names of folders.
        compression: In Athena's words.
        prefix: Start of the object names: unique, so that nothing is ever overwritten.
    """

    location: str
    partitioned_by: tuple[str, ...]
    compression: str
    prefix: str


@dataclass(frozen=True)
class Written:
    """What was written: addresses, partitions (in order) and rows."""

    uris: list[str]
    partitions: list[Partition]
    row_count: int


def write(s3: "S3Client", answer: Answer, target: Target, workspace: Path) -> Written:
    """Write all rows and return what was written; an empty answer writes nothing.

    Raises:
        QueryError: Too many partitions, or a type that Hive tables do not have.
        NotSupportedError: A compression that is not written here.
    """
    _check_types(answer.schema)
    counter = _Counter()
    _write_local(answer, target, workspace, counter)
    files = sorted(path for path in workspace.rglob("*.parquet"))
    bucket, key = split_uri(folder(target.location))
    keys = [key + path.relative_to(workspace).as_posix() for path in files]
    with ThreadPoolExecutor(_UPLOADS) as pool:
        for upload in [pool.submit(s3.upload_file, str(p), bucket, k) for p, k in zip(files, keys, strict=True)]:
            upload.result()
    folders = sorted({path.parent.relative_to(workspace) for path in files}) if target.partitioned_by else []
    partitions = [_partition(path, folder(target.location)) for path in folders]
    return Written([f"s3://{bucket}/{k}" for k in keys], partitions, counter.rows)


class _Counter:
    """Counts the rows that pass."""

    rows = 0

    def through(self, answer: Answer) -> pa.RecordBatchReader:
        def batches() -> Iterator[pa.RecordBatch]:
            for batch in answer.batches:
                self.rows += batch.num_rows
                yield batch

        return pa.RecordBatchReader.from_batches(answer.schema, batches())


def _write_local(answer: Answer, target: Target, workspace: Path, counter: _Counter) -> None:
    name = target.compression.upper()
    if name not in _COMPRESSIONS:
        raise NotSupportedError(f"compression {name}")
    layout = pa.schema([answer.schema.field(name) for name in target.partitioned_by])
    parquet = pads.ParquetFileFormat()
    try:
        pads.write_dataset(
            counter.through(answer),
            workspace,
            format=parquet,
            partitioning=pads.partitioning(layout, flavor="hive") if target.partitioned_by else None,
            basename_template=f"{target.prefix}_{{i}}.parquet",
            existing_data_behavior="overwrite_or_ignore",
            max_partitions=MAX_PARTITIONS,
            use_threads=False,
            # Athena's timestamps have milliseconds.
            file_options=parquet.make_write_options(
                compression=_COMPRESSIONS[name], coerce_timestamps="ms", allow_truncated_timestamps=True
            ),
        )
    except pa.ArrowInvalid as error:
        if "partitions" not in str(error):
            raise
        text = f"Exceeded limit of {MAX_PARTITIONS} open writers for partitions/buckets"
        raise QueryError("HIVE_TOO_MANY_OPEN_PARTITIONS", text) from error
    if counter.rows == 0:
        for path in workspace.rglob("*.parquet"):
            path.unlink()


def _check_types(schema: pa.Schema) -> None:
    for field in schema:
        if pa.types.is_timestamp(field.type) and field.type.tz is not None:
            raise QueryError("NOT_SUPPORTED", "Unsupported Hive type: timestamp(3) with time zone")
        if pa.types.is_time(field.type) or pa.types.is_interval(field.type) or pa.types.is_duration(field.type):
            raise QueryError("NOT_SUPPORTED", f"Unsupported Hive type: {field.type}")


def _partition(relative: Path, location: str) -> Partition:
    values = tuple(unquote(part.partition("=")[2]) for part in relative.parts)
    return Partition(values, folder(location + relative.as_posix()))
