"""Input files: told by content, read whole before use, every line accounted for; logs as events."""

import gzip
import hashlib
from pathlib import Path

import pyarrow as pa
import pytest

from clickstream.access_logs import TSV_HEADER
from test_client.errors import InputError
from test_client.files import MAX_LINE, new_file, read_lines
from test_client.source import examine

LINES = [b'{"session_id":"a"}', b"", b"no json", b'{"session_id":"b","sent_at":"2026-06-01T00:00:00.250Z"}', b"  "]


def written(path: Path, content: bytes) -> Path:
    """A file with this content, compressed by its suffix."""
    with new_file(path) as file:
        file.write(content)
    return path


@pytest.mark.parametrize("name", ["f.ndjson", "f.ndjson.gz", "f.ndjson.zst"])
def test_ndjson_is_the_same_compressed_or_not(tmp_path: Path, name: str) -> None:
    """Lines keep their bytes, blank ones are counted apart, and the digest is that of the content."""
    content = b"\n".join(LINES)
    source = examine(written(tmp_path / name, content))
    assert (source.kind, source.lines, source.blank) == ("ndjson", 3, 2)
    assert source.digest == hashlib.sha256(content).hexdigest()[:16]
    items = list(source.items())
    assert [item.data for item in items] == [LINES[0], LINES[2], LINES[3]]
    assert [item.session_id for item in items] == ["a", None, "b"]
    assert [item.arrival_ms for item in items] == [None, None, 1780272000250]
    assert source.first_arrival_ms == 1780272000250


def test_compression_is_told_by_content(tmp_path: Path) -> None:
    """A compressed file without the suffix, and a plain one with it, are both read."""
    (tmp_path / "packed.ndjson").write_bytes(gzip.compress(LINES[0]))
    (tmp_path / "plain.gz").write_bytes(LINES[0])
    assert [item.data for item in examine(tmp_path / "packed.ndjson").items()] == [LINES[0]]
    assert [item.data for item in examine(tmp_path / "plain.gz").items()] == [LINES[0]]


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    """Compressed files hold no time and no name."""
    for suffix in ("gz", "zst"):
        first, second = (written(tmp_path / f"{name}.{suffix}", b"x" * 1_000) for name in ("one", "two"))
        assert first.read_bytes() == second.read_bytes()


def test_members_and_frames_follow_each_other(tmp_path: Path) -> None:
    """Concatenated gzip members and zstd frames are read to the end."""
    for name, pack in (("f.gz", gzip.compress), ("f.zst", lambda data: pa.compress(data, codec="zstd", asbytes=True))):
        (tmp_path / name).write_bytes(pack(LINES[0] + b"\n") + pack(LINES[3] + b"\n"))
        assert examine(tmp_path / name).lines == 2


@pytest.mark.parametrize("size", [5, 40, -9, -1])
def test_cut_off_files_are_refused_whole(tmp_path: Path, size: int) -> None:
    """A truncated gzip or zstd file is an error before anything is sent, wherever it was cut."""
    content = b"\n".join(b'{"session_id":"%d"}' % number for number in range(50_000))
    for name in ("f.gz", "f.zst"):
        path = written(tmp_path / name, content)
        path.write_bytes(path.read_bytes()[:size])
        with pytest.raises(InputError, match="damaged or cut off"):
            examine(path)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    """Bytes changed inside a gzip file are found by its checksum."""
    path = written(tmp_path / "f.gz", b"\n".join(b'{"session_id":"%d"}' % number for number in range(5_000)))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged or cut off"):
        examine(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\n \n\r\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01", "is neither NDJSON"),
        (b"id,type,time\n1,click,2026-06-01\n", "is neither NDJSON"),
        (b'[{"session_id":"a"},{"session_id":"b"}]', "is neither NDJSON"),
        ('{"session_id":"a"}\n'.encode("utf-16"), "is neither NDJSON"),
        (TSV_HEADER + b"\n", "no rows"),
        (b"x" * (MAX_LINE + 1), "line 1 is longer than 16 MiB"),
    ],
)
def test_unusable_content_is_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    """Empty files and unknown formats are refused."""
    with pytest.raises(InputError, match=sentence):
        examine(written(tmp_path / "f", content))


def test_unusable_paths_are_one_sentence(tmp_path: Path) -> None:
    """Missing files, folders and impossible names are refused."""
    with pytest.raises(InputError, match="does not exist"):
        examine(tmp_path / "none")
    with pytest.raises(InputError, match="is a folder"):
        examine(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        examine(tmp_path / ("x" * 5_000))
    with pytest.raises(InputError, match="not a regular file"):
        examine(Path("/dev/null"))


def interrupt_writing(path: Path) -> None:
    """Press Ctrl-C in the middle of a file."""
    with new_file(path) as file:
        file.write(b"new")
        raise KeyboardInterrupt


def test_an_interrupted_write_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C while writing removes the half file and keeps an older whole one."""
    path = written(tmp_path / "f.gz", b"old")
    with pytest.raises(KeyboardInterrupt):
        interrupt_writing(path)
    assert list(read_lines(path)) == [b"old"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["f.gz"]


def test_folders_of_a_new_file_are_made(tmp_path: Path) -> None:
    """A file can be written into a folder that is not there yet, and not below something that is a file."""
    path = written(tmp_path / "new" / "folder" / "f.gz", b"line")
    assert list(read_lines(path)) == [b"line"]
    with pytest.raises(InputError, match="choose another place"):
        written(path / "below.gz", b"line")
