"""A file on its way: paced by the clock, grouped by arrival, checked before the first call."""

from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

from clickstream_tracker.errors import SendError
from clickstream_tracker.sender import Sender
from test_client.errors import InputError
from test_client.sending import SendOptions, check_fits, send_file, send_source
from test_client.source import examine
from tests.unit.client_clock import Clock


class Stream:
    """Stands in for a Kinesis client that accepts everything; remembers calls and partition keys."""

    def __init__(self) -> None:
        self.calls = 0
        self.keys: list[str] = []

    def put_records(self, *, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: ARG002, N803 - the API's names
        """Accept every record."""
        self.calls += 1
        self.keys += [record["PartitionKey"] for record in Records]
        return {"Records": [{"SequenceNumber": "1", "ShardId": "shardId-0"} for _ in Records]}


def sender_of(stream: Stream, clock: Clock) -> Sender:
    """A sender to the fake stream."""
    return Sender(cast("Any", stream), "stream", sleep=clock.sleep)


def write_lines(path: Path, lines: list[bytes]) -> Path:
    """Write an NDJSON file."""
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def events_at(*times: str) -> list[bytes]:
    """Events of one session that arrive at these times; an empty time is a bad line."""
    return [b'{"session_id":"s","sent_at":"%s"}' % time.encode() if time else b"bad" for time in times]


def test_rate_paces_by_the_clock(tmp_path: Path) -> None:
    """100 lines at 20 a second take five seconds and are spread over them."""
    path = write_lines(tmp_path / "f.ndjson", [b'{"session_id":"s-%d"}' % number for number in range(100)])
    stream, clock = Stream(), Clock()
    totals = send_file(path, sender_of(stream, clock), SendOptions(rate=20), clock=clock, sleep=clock.sleep)
    assert totals.events == 100
    assert clock.now_s == pytest.approx(1_005)
    assert len(clock.pauses) == 5


def test_slow_rates_send_line_by_line(tmp_path: Path) -> None:
    """Below one line a second each line is sent when it is due, not collected."""
    path = write_lines(tmp_path / "f.ndjson", [b'{"session_id":"s"}'] * 3)
    stream, clock = Stream(), Clock()
    send_file(path, sender_of(stream, clock), SendOptions(rate=0.5), clock=clock, sleep=clock.sleep)
    assert stream.calls == 3
    assert clock.now_s == pytest.approx(1_006)


def test_arrival_minutes_do_not_mix(tmp_path: Path) -> None:
    """A record holds one minute of arrival and is named by its last line; bad lines take the arrival before them."""
    times = (
        "2026-06-01T00:00:10Z",
        "",
        "2026-06-01T00:00:59.500Z",
        "2026-06-01T00:01:00Z",
        "2026-06-01T02:01:01+02:00",
    )
    path = write_lines(tmp_path / "f.ndjson", events_at(*times))
    stream, clock = Stream(), Clock()
    options = SendOptions(buckets=1, by_arrival=True)
    send_file(path, sender_of(stream, clock), options, clock=clock, sleep=clock.sleep)
    assert stream.keys == ["b000@1780272059500", "b000@1780272061000"]


def test_leading_lines_without_arrival_take_the_first_one(tmp_path: Path) -> None:
    """A bad line at the start arrives with the first line that names an arrival."""
    path = write_lines(tmp_path / "f.ndjson", events_at("", "2026-06-01T00:00:10Z"))
    stream, clock = Stream(), Clock()
    options = SendOptions(is_raw=True, by_arrival=True)
    send_file(path, sender_of(stream, clock), options, clock=clock, sleep=clock.sleep)
    assert {key.partition("@")[2] for key in stream.keys} == {"1780272010000"}


def test_arrival_times_need_some(tmp_path: Path) -> None:
    """A file without any arrival cannot be sent by arrival; nothing is sent."""
    path = write_lines(tmp_path / "f.ndjson", [b'{"session_id":"s"}'])
    stream, clock = Stream(), Clock()
    with pytest.raises(InputError, match="needs sent_at"):
        send_file(path, sender_of(stream, clock), SendOptions(by_arrival=True), clock=clock, sleep=clock.sleep)
    assert stream.calls == 0


def test_late_lines_arrive_after_the_file(tmp_path: Path) -> None:
    """Lines of the late file follow, and none arrives before the last line of the file."""
    main = examine(write_lines(tmp_path / "f.ndjson", events_at("2026-06-01T05:00:00Z")))
    late = examine(write_lines(tmp_path / "l.ndjson", events_at("2026-06-01T01:00:00Z", "", "2026-06-01T06:00:00Z")))
    stream, clock = Stream(), Clock()
    options = SendOptions(buckets=1, is_raw=True, by_arrival=True)
    send_source(main, sender_of(stream, clock), options, clock=clock, sleep=clock.sleep, late=late)
    hours = [int(key.partition("@")[2]) // 3_600_000 % 24 for key in stream.keys]
    assert hours == [5, 5, 5, 6]


def test_a_file_that_changes_meanwhile_is_reported(tmp_path: Path) -> None:
    """What was examined and what was sent must be the same file."""
    path = write_lines(tmp_path / "f.ndjson", [b"{}"])
    source, clock = examine(path), Clock()
    write_lines(path, [b"{}", b"{}"])
    with pytest.raises(SendError, match="changed while it was sent"):
        send_source(source, sender_of(Stream(), clock), SendOptions(), clock=clock, sleep=clock.sleep)


def test_oversized_lines_are_found_before_sending(tmp_path: Path) -> None:
    """A line that fits no record is refused up front; one that compresses well enough is not, unless raw."""
    zeros = examine(write_lines(tmp_path / "zeros.ndjson", [b'{"a":"' + b"0" * 1_200_000 + b'"}', b"{}"]))
    check_fits(zeros, is_raw=False)
    with pytest.raises(InputError, match="does not fit into a Kinesis record"):
        check_fits(zeros, is_raw=True)
    noise = Random(5).randbytes(1_200_000).hex().encode()  # noqa: S311 - test data, no secret
    digits = examine(write_lines(tmp_path / "noise.ndjson", [b'{"a":"' + noise + b'"}', b"{}"]))
    with pytest.raises(InputError, match="does not fit into a Kinesis record"):
        check_fits(digits, is_raw=False)
