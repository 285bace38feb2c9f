"""Sessions as others count them: published cases of the EDGAR log, and webalizer's visits of a web server's log."""

import csv
import gzip
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest

from clickstream.access_logs import parse_log_line
from clickstream.lake.session_rules import Rules
from clickstream.lake.sessionizing import sessions
from tests.unit.public_cases import data_file, members
from tests.unit.session_rows import Row, event, table

_REQUIRED = ("ip", "date", "time", "cik", "accession", "extention")
_TIME = "%Y-%m-%d %H:%M:%S"


def requests(log: str) -> Iterator[Row]:
    """The requests of an EDGAR log; lines without a required field or with an impossible time are none."""
    for place, line in enumerate(csv.DictReader(StringIO(log))):
        if not all(line.get(name) for name in _REQUIRED):
            continue
        try:
            time = datetime.strptime(f"{line['date']} {line['time']}", _TIME).replace(tzinfo=UTC)
        except ValueError:
            continue
        yield event(time, line["ip"], place)


def lines(found: list[Row]) -> list[str]:
    """Sessions as the cases write them: address, first and last request, seconds with both ends, requests."""
    names = ("visitor_id", "start_time", "end_time", "duration_s", "events")
    values = [[one[name] for name in names] for one in found]
    return sorted(f"{ip},{first:{_TIME}},{last:{_TIME}},{s + 1},{events}" for ip, first, last, s, events in values)


def test_edgar_cases() -> None:
    """All published cases give the published sessions; their rule is a pause of more than N whole seconds."""
    files = members("edgar_sessionization.tar.xz", "")
    cases = sorted(path.rpartition("/")[0] for path in files if path.endswith("log.csv"))
    wrong = []
    for case in cases:
        gap_s = int(files[f"{case}/inactivity_period.txt"]) + 1
        rows = table(requests(files[f"{case}/log.csv"]))
        answer = lines(sessions(rows, Rules(gap_s=gap_s, is_cut_after_full_day=False)).to_pylist())
        expected = sorted(line.strip() for line in files[f"{case}/sessionization.expected.txt"].splitlines() if line)
        if answer != expected:
            wrong.append(case)
    assert len(cases) == 39
    assert wrong == []


def hosts() -> list[tuple[str, datetime]]:
    """Host and time of every request of a real web server's log, in the order of time."""
    with gzip.open(data_file("apache_logs.gz")) as packed:
        found = [request for line in packed if (request := parse_log_line(line))]
    return sorted(
        ((one.host, datetime.fromtimestamp(one.time_ms / 1000, UTC)) for one in found), key=lambda one: one[1]
    )


def test_webalizers_visits(tmp_path: Path) -> None:
    """With a pause of 30 minutes webalizer counts as many visits as we count sessions of hosts."""
    program = shutil.which("webalizer")
    if program is None:
        pytest.skip("webalizer is not installed; it is a Debian package")
    found = hosts()
    # One page, found by all: what counts as a page is not the question here.
    log = [f'{host} - - [{time:%d/%b/%Y:%H:%M:%S} +0000] "GET /p.html HTTP/1.0" 200 1\n' for host, time in found]
    (tmp_path / "access.log").write_text("".join(log))
    (tmp_path / "empty.conf").touch()
    options = ["-c", str(tmp_path / "empty.conf"), "-m", "1800", "-N", "0", "-o", str(tmp_path)]
    subprocess.run([program, *options, str(tmp_path / "access.log")], check=True, capture_output=True, timeout=120)
    (page,) = tmp_path.glob("usage_2*.html")
    visits = re.search(r"Total Visits.*?<B>(\d+)</B>", page.read_text(encoding="latin-1"), re.DOTALL)
    assert visits is not None
    rows = table(event(time, host, place) for place, (host, time) in enumerate(found))
    assert len(sessions(rows, Rules())) == int(visits[1]) > 1000
