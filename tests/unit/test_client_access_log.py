"""Web access logs as events: every request once, with the published counts of real logs."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from clickstream.access_logs import TSV_HEADER, parse_log_line
from test_client.source import Source, examine

DATA = Path(__file__).parents[2].parent / "shared" / "data"
COMBINED = (
    b'192.0.2.7 - alice [10/Oct/2000:13:55:36 -0700] "GET /a.gif?x=1 HTTP/1.0" 200 2326 '
    b'"http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"'
)
COMMON = COMBINED.partition(b' "http:')[0]


def shared(name: str) -> Path:
    """A file of the public data sets, or a skipped test."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the repository")
    return path


def written(path: Path, content: bytes) -> Path:
    """A file with this content."""
    path.write_bytes(content)
    return path


def events_of(source: Source) -> list[dict[str, Any]]:
    """The events of a source without bad lines."""
    return [json.loads(item.data) for item in source.items()]


def test_combined_line_becomes_an_event(tmp_path: Path) -> None:
    """Every part of a log line has its field; the time is in UTC."""
    source = examine(written(tmp_path / "access.log", COMBINED + b"\n"), "https://shop.example.com/")
    (event,) = events_of(source)
    assert event == {
        "event_id": f"{source.digest}-1",
        "event_type": "page_view",
        "session_id": event["session_id"],
        "anonymous_id": event["anonymous_id"],
        "timestamp": "2000-10-10T20:55:36Z",
        "page_url": "https://shop.example.com/a.gif?x=1",
        "ip_address": "192.0.2.7",
        "referrer": "http://www.example.com/start.html",
        "user_agent": "Mozilla/4.08 [en] (Win98; I ;Nav)",
        "properties": {"http_method": "GET", "http_status": 200, "http_bytes": 2326, "http_protocol": "HTTP/1.0"},
    }
    assert next(source.items()).session_id == event["session_id"]
    assert source.first_arrival_ms == 971211336000


def test_the_client_is_the_anonymous_id(tmp_path: Path) -> None:
    """Requests of one host share it whatever the agent, and it is not the host itself."""
    other_agent = COMBINED.replace(b"Win98", b"Win95")
    other_host = COMBINED.replace(b"192.0.2.7", b"192.0.2.8")
    first, second, third = events_of(
        examine(
            written(tmp_path / "a.log", b"\n".join([COMBINED, other_agent, other_host])), "https://shop.example.com"
        )
    )
    assert first["anonymous_id"] == second["anonymous_id"] != third["anonymous_id"]
    assert first["session_id"] != second["session_id"]
    assert "192.0.2" not in first["anonymous_id"]


def test_equal_log_lines_are_distinct_events_of_one_session(tmp_path: Path) -> None:
    """The same line twice gives two ids and one session; another agent is another session."""
    other = COMBINED.replace(b"Win98", b"Linux")
    first, second, third = events_of(examine(written(tmp_path / "a.log", b"\n".join([COMBINED, COMBINED, other]))))
    assert first["event_id"] != second["event_id"]
    assert first["session_id"] == second["session_id"] != third["session_id"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (COMMON, {"referrer": None, "agent": None, "status": 200}),
        (COMBINED[:-1], {"agent": "Mozilla/4.08 [en] (Win98; I ;Nav)"}),
        (COMBINED[:-17], {"agent": "Mozilla/4.08 [en]"}),
        (COMBINED.replace(b"HTTP/1.0", b"").replace(b"x=1 ", b"x=1"), {"protocol": None, "target": "/a.gif?x=1"}),
        (COMBINED.replace(b" 2326 ", b" - "), {"size": None}),
        (COMMON + b' "-" "-"', {"referrer": None, "agent": None}),
        (COMMON + b' "-" "say \\"hi\\""', {"agent": 'say \\"hi\\"'}),
        (COMMON + b' "-" "caf\xe9"', {"agent": "café"}),
        (COMMON + b' "-" "x" "extra" 0.004', {"agent": "x"}),
        (COMBINED.replace(b"/a.gif?x=1", b"*").replace(b"GET", b"OPTIONS"), {"method": "OPTIONS", "target": "*"}),
        (COMBINED.replace(b"/a.gif?x=1", b"/a b"), {"target": "/a b", "protocol": "HTTP/1.0"}),
        (COMBINED.replace(b"alice", b"alice smith"), {"host": "192.0.2.7"}),
        (b"::1" + COMMON.removeprefix(b"192.0.2.7"), {"host": "::1"}),
    ],
)
def test_log_lines_are_read_leniently(line: bytes, expected: dict[str, Any]) -> None:
    """What real logs do to a line does not lose the request."""
    request = parse_log_line(line)
    assert request is not None
    assert {name: getattr(request, name) for name in expected} == expected


@pytest.mark.parametrize(
    "line",
    [
        COMMON.replace(b"GET /a.gif?x=1 HTTP/1.0", b"-"),
        COMMON.replace(b"GET /a.gif?x=1 HTTP/1.0", b"\\x16\\x03\\x01"),
        COMMON.replace(b"10/Oct", b"31/Feb"),
        COMMON.replace(b" 200 ", b" "),
        b"[error] something else",
    ],
)
def test_lines_without_a_request_are_sent_unchanged(tmp_path: Path, line: bytes) -> None:
    """A line that is no request goes on as it is: judging it is the pipeline's business."""
    source = examine(written(tmp_path / "access.log", COMBINED + b"\n" + line))
    assert source.lines == 2
    _, item = source.items()
    assert (item.data, item.session_id) == (line, None)


def test_absolute_and_odd_targets_become_addresses(tmp_path: Path) -> None:
    """A proxy's absolute target is kept; what is no path is put below the site."""
    targets = (b"http://other.example/x", b"*", b"/p?u=http://a/b")
    content = b"\n".join(COMMON.replace(b"/a.gif?x=1", target) for target in targets)
    addresses = [event["page_url"] for event in events_of(examine(written(tmp_path / "a.log", content)))]
    assert addresses == ["http://other.example/x", "http://access.log/*", "http://access.log/p?u=http://a/b"]


def test_tab_separated_rows_become_events(tmp_path: Path) -> None:
    """Rows may be short of columns, carry a line end of their own, or be no request at all."""
    rows = [b"h.example\t-\t807256800\tGET\t/a\t200\t17\t\t\r", b"h.example\t-\t807256801\tGET\t/b", b"h.example\tx"]
    source = examine(written(tmp_path / "log.tsv", b"\n".join([TSV_HEADER + b"\r", *rows])))
    first, second, third = source.items()
    assert json.loads(first.data)["timestamp"] == "1995-08-01T06:00:00Z"
    assert json.loads(first.data)["properties"] == {"http_method": "GET", "http_status": 200, "http_bytes": 17}
    assert json.loads(second.data)["event_id"].endswith("-3")
    assert third.data == rows[2]


def test_real_apache_log_conforms() -> None:
    """10,000 real lines give the published counts."""
    events = events_of(examine(shared("apache_logs.gz")))
    assert len(events) == 10_000
    assert len({event["event_id"] for event in events}) == 10_000
    assert sum(event["page_url"] == "http://access.log/favicon.ico" for event in events) == 807
    assert sum(event["ip_address"] == "66.249.73.135" for event in events) == 482
    statuses = Counter(event["properties"]["http_status"] // 100 for event in events)
    assert statuses == {2: 9171, 3: 609, 4: 217, 5: 3}
    assert len({event.get("user_agent") for event in events}) == 559


def test_real_tab_separated_log_conforms() -> None:
    """One day of requests gives the published number, at its documented times."""
    events = events_of(examine(shared("nasa_19950801.tsv.gz")))
    assert len(events) == len({event["event_id"] for event in events}) == 30_969
    times = sorted(event["timestamp"] for event in events)
    assert (times[0], times[-1]) == ("1995-08-01T06:00:00Z", "1995-08-01T18:52:01Z")
