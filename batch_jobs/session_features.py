"""Features of sessions as files: `sql/session_features.sql`, written by Athena and read back with bounded memory.

They go below the results of queries, so they leave with these: after their days, and when somebody is erased. Athena's
own list of the files says which there were, so that what has left in the meantime is missed.
"""

import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from batch_jobs.queries import Guard
from clickstream.errors import LakeError
from clickstream.lake.catalog import uri
from clickstream.lake.session_models import FEATURES_FOLDER
from clickstream.lake.statements import Statement, Value, read_statement
from clickstream.ports import Bucket

SQL = Path(__file__).parents[1] / "sql" / "session_features.sql"


def statement(columns: tuple[str, ...] = ()) -> Statement:
    """The statement; with columns only these, so that files for training name no session."""
    found = read_statement(SQL)
    chosen = ", ".join(columns)
    return replace(found, sql=f"SELECT {chosen} FROM ({found.sql})") if columns else found  # noqa: S608  our own names


def unload(
    guard: Guard, bucket: Bucket, asked: Statement, hours: list[str], values: Mapping[str, Value], run_id: str = ""
) -> list[str]:
    """Let Athena write the rows below a folder of their own; the keys of the files."""
    folder = f"{FEATURES_FOLDER}{run_id or uuid.uuid4().hex}/"
    written, start = guard.unload(asked, hours, values, uri(bucket, folder)), uri(bucket, "")
    listed = bucket.get(written.removeprefix(start)).decode() if written else ""
    return [name.removeprefix(start) for name in listed.split()]


def downloaded(bucket: Bucket, keys: Iterable[str]) -> Iterator[Path]:
    """Every file, in turn, as a local copy that is gone with the next one. Raises `LakeError` if one is gone."""
    with tempfile.TemporaryDirectory(prefix="session-features-") as name:
        path = Path(name, "features.parquet")
        for key in keys:
            bucket.download(key, path)
            yield path


def tables(bucket: Bucket, keys: Iterable[str]) -> Iterator[pa.Table]:
    """The rows of every file. Raises `LakeError` if one cannot be read or is gone."""
    for path in downloaded(bucket, keys):
        try:
            found = pq.read_table(path)
        except (pa.ArrowException, OSError) as error:
            raise LakeError(f"{bucket.name} holds no Parquet of features ({error}): run the step again") from error
        yield found
