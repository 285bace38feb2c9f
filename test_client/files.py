"""Files of lines, plain or compressed: reading them with one kind of error, and writing them whole or not at all.

How a file is compressed is read from its first bytes, never from its name; how to compress, from the name's suffix.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from clickstream import line_files
from clickstream.errors import SourceError
from test_client.errors import InputError

MAX_LINE = line_files.MAX_LINE
_GZIP_LEVEL = 4


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield every line of the content as its bytes, line breaks and blank lines included.

    Raises:
        InputError: the file is missing, no regular file, not permitted or damaged; or a line is longer than
            ``MAX_LINE`` bytes.
    """
    try:
        yield from line_files.read_lines(path)
    except SourceError as error:
        raise InputError(str(error)) from error


@contextmanager
def _compressed(path: Path, suffix: str) -> Iterator[IO[bytes]]:
    if suffix == ".zst":
        with pa.output_stream(str(path), compression="zstd") as file:
            yield file
        return
    with path.open("wb") as file:
        if suffix != ".gz":
            yield file
            return
        # No name and no time inside, so that equal content gives equal bytes.
        with gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as packed:
            yield cast("IO[bytes]", packed)


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Open ``path`` for writing (``.gz`` and ``.zst`` compress); on any error or Ctrl-C no file is left behind.

    Folders that do not exist yet are made.

    Raises:
        InputError: the folder cannot be made or written, or is full.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a file to write")
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _compressed(part, path.suffix) as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror or error}): choose another place") from error
    finally:
        if path.parent.is_dir():
            part.unlink(missing_ok=True)
