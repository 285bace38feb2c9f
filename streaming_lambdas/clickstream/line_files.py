"""Files of lines, plain or compressed, read with one kind of error.

How a file is compressed is read from its first bytes, never from its name.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from clickstream.errors import SourceError

MAX_LINE = 16 * 1024 * 1024
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield every line of the content as its bytes, line breaks and blank lines included.

    Raises:
        SourceError: the file is missing, no regular file, not permitted or damaged; or a line is longer than
            `MAX_LINE` bytes.
    """
    with _one_error(path):
        _check_is_file(path)
        with _decompressed(path) as file:
            number = 0
            while line := file.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise SourceError(
                        f"{path}: line {number} is longer than {MAX_LINE >> 20} MiB: is it one event a line?"
                    )
                yield line


@contextmanager
def _one_error(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(_damaged(path)) from error
    except OSError as error:
        if error.errno is None:  # pyarrow reports a damaged stream without an error number
            raise SourceError(_damaged(path)) from error
        raise SourceError(f"{path} cannot be read ({error.strerror}): check the path and its permissions") from error


def _damaged(path: Path) -> str:
    return f"{path} is damaged or cut off inside its compressed data: fetch it again; nothing of it was used"


def _check_is_file(path: Path) -> None:
    if path.is_dir():
        raise SourceError(f"{path} is a folder: name a file")
    if not path.exists():
        raise SourceError(f"{path} does not exist: check the path")
    if not path.is_file():
        raise SourceError(
            f"{path} is not a regular file: a file is read twice, so write a pipe's output to a file first"
        )


def _decompressed(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        magic = file.read(4)
    if magic.startswith(_GZIP):
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if magic == _ZSTD:
        return io.BufferedReader(pa.input_stream(str(path), compression="zstd"), 1 << 18)
    return path.open("rb")
