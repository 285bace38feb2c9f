"""Features of sessions as files: `sql/session_features.sql`, written by Athena and read back with bounded memory.

They go below the results of queries, so they leave with these: after their days, and when somebody is erased.
"""

import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from batch_jobs.queries import Guard
from clickstream.errors import LakeError
from clickstream.lake.catalog import uri
from clickstream.lake.statements import Statement, Value, read_statement
from clickstream.ports import Bucket
from clickstream.tables import RESULTS_PREFIX

SQL = Path(__file__).parents[1] / "sql" / "session_features.sql"
PREFIX = f"{RESULTS_PREFIX}/session-features/"


def statement(columns: tuple[str, ...] = ()) -> Statement:
    """The statement; with columns only these, so that files for training name no session."""
    found = read_statement(SQL)
    chosen = ", ".join(columns)
    return replace(found, sql=f"SELECT {chosen} FROM ({found.sql})") if columns else found  # noqa: S608  our own names


def unload(
    guard: Guard, bucket: Bucket, asked: Statement, hours: list[str], values: Mapping[str, Value], run_id: str = ""
) -> str:
    """Let Athena write the rows below a folder of their own; its key, which ends with a slash."""
    folder = f"{PREFIX}{run_id or uuid.uuid4().hex}/"
    guard.unload(asked, hours, values, uri(bucket, folder))
    return folder


def downloaded(bucket: Bucket, folder: str) -> Iterator[Path]:
    """Every file of the folder, in turn, as a local copy that is gone with the next one."""
    with tempfile.TemporaryDirectory(prefix="session-features-") as name:
        path = Path(name, "features.parquet")
        for entry in bucket.list(folder):
            if entry.size:
                bucket.download(entry.key, path)
                yield path


def tables(bucket: Bucket, folder: str) -> Iterator[pa.Table]:
    """The rows of every file of the folder. Raises `LakeError` if one cannot be read."""
    for path in downloaded(bucket, folder):
        try:
            found = pq.read_table(path)
        except (pa.ArrowException, OSError) as error:
            raise LakeError(
                f"{bucket.name}/{folder} holds no Parquet of features ({error}): run the step again"
            ) from error
        yield found
