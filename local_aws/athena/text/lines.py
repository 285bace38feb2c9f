"""The lines of an object."""

import gzip
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from local_aws.athena.errors import NotSupportedError, QueryError

_PACKED = (".bz2", ".deflate", ".lz4", ".lzo", ".snappy", ".xz", ".zip", ".zst")


def lines_of(path: Path, address: str, header_lines: int) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, text without its end) of each line after the header.

    Args:
        path: A local copy of the object.
        address: Its address; the end of it says how it is packed, as for Athena.
        header_lines: Lines to leave out.

    Raises:
        QueryError: `HIVE_CURSOR_ERROR`: it is packed in another way than its name says.
        NotSupportedError: Another packing, or bytes that are no UTF-8.
    """
    if address.lower().endswith(_PACKED):
        raise NotSupportedError(f"object {address}: only plain text and gzip are read")
    try:
        with _opened(path, is_packed=address.lower().endswith(".gz")) as file:
            for number, line in islice(enumerate(file, start=1), header_lines, None):
                yield number, line.rstrip("\n")
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise QueryError("HIVE_CURSOR_ERROR", f"Failed to read file at {address}: {error}") from error
    except UnicodeDecodeError as error:
        raise NotSupportedError(f"object {address} is no UTF-8: {error}") from error


def _opened(path: Path, *, is_packed: bool) -> IO[str]:
    return gzip.open(path, "rt", encoding="utf-8") if is_packed else path.open(encoding="utf-8")
