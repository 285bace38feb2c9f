"""Local copies of data files of the lake, checked against what was recorded of them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clickstream.errors import LakeError
from clickstream.lake.generations import Generation
from clickstream.lake.parquet import DataFile, opened
from clickstream.ports import Bucket

PREFETCH = 8
"""Threads that download at once."""


def files_of(generation: Generation | None) -> dict[str, int]:
    """The rows of each data file of a generation, by key."""
    return {output.key: output.rows for output in generation.outputs} if generation else {}


def downloaded(bucket: Bucket, rows: dict[str, int], folder: Path) -> list[DataFile]:
    """Local copies of the objects, in the given order. Raises `LakeError` where a row count differs."""
    made(folder)
    paths = {key: folder / f"{number}.parquet" for number, key in enumerate(rows)}
    with ThreadPoolExecutor(PREFETCH) as pool:
        list(pool.map(lambda entry: bucket.download(*entry), paths.items()))
    files = [opened(key, path) for key, path in paths.items()]
    for file in files:
        if file.rows != rows[file.key]:
            raise LakeError(
                f"{file.key} holds {file.rows} rows where {rows[file.key]} were recorded: restore the object"
            )
    return files


def made(folder: Path) -> Path:
    """The folder, made."""
    folder.mkdir()
    return folder
