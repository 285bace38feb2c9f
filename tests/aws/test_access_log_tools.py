"""An access log as GoAccess and webalizer count it, and as our statements do once it is imported.

The same question is asked of all. For `daily_metrics.sql` a visitor is a host; GoAccess takes each pair of host and
user agent on a day for one, which is a statement over `raw_events` here. Neither tool knows our robots: where a
statement is about people, the tools read the lines whose events are not marked as bots. All sides see whole addresses:
the import makes `anonymous_id` of the host before `ip_address` is truncated.
"""

import csv
import gzip
import io
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import awswrangler as wr
import pytest

from batch_jobs import backfill_events, ledger_tools, run_query
from batch_jobs.run_reports import SQL
from tests.aws.ledger_stack import NAMES, SETTINGS
from tests.aws.small_lake import BUCKET, DATABASE, WORKGROUP, account, build_sessions
from tests.aws.stack_of_lake import LakeStack
from tests.unit.public_cases import data_file

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3

ARGUMENTS = ["--bucket", BUCKET, "--database", DATABASE, "--workgroup", WORKGROUP, "--csv"]
TWO_DAYS = ["--start", "2015-05-17", "--end", "2015-05-19"]
ALL = ["--param", "limit=100000"]
_IMAGE = re.compile(r"\.(gif|png|jpg)\b")
"""Webalizer lists no images: for it their names have no such ending."""
Counts = dict[str, int]


@dataclass(frozen=True)
class Log:
    """The imported log.

    Attributes:
        whole: As it came.
        people: Its lines by people, in the order of time, as webalizer wants them.
        folder: For what the tools write.
    """

    whole: Path
    people: Path
    folder: Path


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """Two days of a real web server's log, brought into an empty lake by the import, compacted, with sessions."""
    folder = tmp_path_factory.mktemp("log")
    whole = folder / "access.log"
    lines = gzip.decompress(data_file("apache_logs.gz").read_bytes()).splitlines(keepends=True)
    whole.write_bytes(b"".join(line for line in lines if re.search(rb"\[1[78]/May/2015:", line)))
    with account(tmp_path_factory.mktemp("cache")), pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger_tools, "outputs", lambda _: NAMES | {"DatabaseName": DATABASE})
        patch.setattr(ledger_tools, "variables_of", lambda _: {})
        patch.setattr(ledger_tools, "settings_of", lambda _: SETTINGS)
        stack = LakeStack(folder)
        assert backfill_events.main([str(whole)]) == 0
        stack.compact()
        build_sessions()
        yield Log(whole, _of_people(whole, folder / "people.log"), folder)


def _of_people(whole: Path, target: Path) -> Path:
    """Write the lines whose events are not marked as bots."""
    rows = asked("SELECT event_id, event_time FROM raw_events WHERE NOT COALESCE(is_bot, false)")
    lines = whole.read_bytes().splitlines(keepends=True)
    numbers = [int(name.rpartition("-")[2]) for name in rows.sort_values("event_time", kind="stable")["event_id"]]
    target.write_bytes(b"".join(lines[number - 1] for number in numbers))
    return target


def asked(sql: str) -> Any:
    """The rows of a statement that is not in `sql/`."""
    return wr.athena.read_sql_query(sql, database=DATABASE, workgroup=WORKGROUP, ctas_approach=False)


@cache
def rows(statement: str, *words: str) -> list[dict[str, str]]:
    """The rows of a statement in `sql/`, by the command that people use."""
    with redirect_stdout(io.StringIO()) as out:
        assert run_query.main([str(SQL / f"{statement}.sql"), *ARGUMENTS, *TWO_DAYS, *words]) == 0
    return list(csv.DictReader(io.StringIO(out.getvalue())))


def counts(statement: str, key: str, value: str, *words: str) -> Counts:
    """One column of a statement by another; without what counts nothing."""
    return {row[key]: int(row[value]) for row in rows(statement, *words) if int(row[value])}


def program(name: str) -> str:
    """Where a tool is."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed; it is a Debian package")
    return found


def goaccess(log: Path, folder: Path) -> Any:
    """GoAccess's report: every line is a request, whatever its status and file name; addresses without query."""
    report = folder / f"{log.stem}.json"
    shown = ["--max-items=100000", "--no-query-string", "--http-method=no", "--http-protocol=no"]
    counted = ["--4xx-to-unique-count", "--static-file=.none", "--log-format=COMBINED", "--no-global-config"]
    command = [program("goaccess"), str(log), *shown, *counted, "--no-progress", "-o", str(report)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return json.loads(report.read_bytes().decode("latin-1"))  # it cuts user agents in the middle of a character


def panel(report: Any, name: str, number: str = "hits") -> Counts:
    """A table of GoAccess's report."""
    return {item["data"]: item[number]["count"] for item in report[name]["data"]}


def by_day(report: Any, number: str) -> Counts:
    """Days as we write them."""
    return {f"{day[:4]}-{day[4:6]}-{day[6:]}": count for day, count in panel(report, "visitors", number).items()}


def webalizer(log: Path, folder: Path) -> str:
    """Webalizer's page of the month; all requests are pages that were found, pauses of 30 minutes end a visit."""
    out = folder / "webalizer"
    out.mkdir(exist_ok=True)
    (out / "empty.conf").write_text("AllURLs yes\nPageType *\n")
    found = re.sub(rb'" \d{3} (\d+|-)', b'" 200 1', log.read_bytes())
    found = re.sub(_IMAGE.pattern.encode(), rb"-\1", found)
    (out / "found.log").write_bytes(found)
    options = ["-c", str(out / "empty.conf"), "-m", "1800", "-N", "0", "-o", str(out), str(out / "found.log")]
    subprocess.run([program("webalizer"), *options], check=True, capture_output=True, timeout=120)
    (page,) = out.glob("usage_2*.html")
    return page.read_text(encoding="latin-1")


def decoded(pages: Counts) -> Counts:
    """Pages as the tools name them."""
    named: Counter[str] = Counter()
    for path, views in pages.items():
        named[unquote(path, encoding="latin-1")] += views
    return dict(named)


def test_goaccess_counts_the_requests_of_each_day(log: Log) -> None:
    """Bots included: all requests of the log, day by day."""
    ours = {row["local_date"]: int(row["events"]) + int(row["bot_events"]) for row in rows("daily_metrics")}

    assert by_day(goaccess(log.whole, log.folder), "hits") == ours
    assert sum(ours.values()) == 1632 + 2893


def test_goaccess_counts_the_visitors_of_each_day(log: Log) -> None:
    """Its visitor is host, day and user agent, ours as well when we count what the import makes of host and agent."""
    answer = asked(
        "SELECT CAST(event_time AS date) AS day, COUNT(DISTINCT session_id) AS visitors FROM raw_events GROUP BY 1"
    )
    ours = {str(day): int(count) for day, count in zip(answer["day"], answer["visitors"], strict=True)}

    assert by_day(goaccess(log.whole, log.folder), "visitors") == ours


def test_goaccess_counts_the_people_of_each_day(log: Log) -> None:
    """With one user agent for all lines its visitors are hosts, as in our daily metrics."""
    one_agent = log.folder / "one_agent.log"
    one_agent.write_bytes(re.sub(rb'" "[^"]*"?$', b'" "Mozilla/5.0"', log.people.read_bytes(), flags=re.MULTILINE))
    report = goaccess(one_agent, log.folder)

    assert by_day(report, "visitors") == counts("daily_metrics", "local_date", "visitors")
    assert by_day(report, "hits") == counts("daily_metrics", "local_date", "events")


def test_goaccess_counts_the_views_of_each_page(log: Log) -> None:
    """Found or not, all pages that people asked for."""
    report = goaccess(log.people, log.folder)

    theirs = Counter(panel(report, "requests")) + Counter(panel(report, "not_found"))
    assert theirs == decoded(counts("top_pages", "page_path", "page_views", *ALL))


def test_goaccess_counts_the_answers_of_each_kind(log: Log) -> None:
    """Classes of status, bots included."""
    theirs = {kind[:3]: count for kind, count in panel(goaccess(log.whole, log.folder), "status_codes").items()}

    assert theirs == counts("http_status", "status_class", "requests")


def test_webalizer_counts_the_people_of_each_day(log: Log) -> None:
    """Its hits and sites of a day are our events and visitors."""
    page = webalizer(log.people, log.folder)
    table = page.partition("Daily Statistics for")[2].partition("Hourly Statistics for")[0]
    days = re.findall(r"<TD ALIGN=center><FONT SIZE=\"-1\"><B>(\d+)</B>(.*?)</TR>", table, re.DOTALL)
    numbers = {f"2015-05-{int(day):02d}": re.findall(r"<B>(\d+)</B>", cells) for day, cells in days}

    assert {day: int(found[0]) for day, found in numbers.items()} == counts("daily_metrics", "local_date", "events")
    assert {day: int(found[4]) for day, found in numbers.items()} == counts("daily_metrics", "local_date", "visitors")


def test_webalizer_counts_the_sessions(log: Log) -> None:
    """Its visits of the month are our sessions of people."""
    visits = re.search(r"Total Visits.*?<B>(\d+)</B>", webalizer(log.people, log.folder), re.DOTALL)

    assert visits is not None
    assert int(visits[1]) == len(rows("sessions")) > 900


def test_webalizer_counts_the_requests_of_each_page(log: Log) -> None:
    """It takes `index.html` for its folder, `//` for `/`, and cuts names at odd characters: those are left out."""
    webalizer(log.people, log.folder)
    (page,) = (log.folder / "webalizer").glob("url_*.html")
    table = page.read_text(encoding="latin-1")
    theirs = {
        path: int(hits) for hits, path in re.findall(r"^(\d+) +[\d.]+% +\d+ +[\d.]+%  (/.*)$", table, re.MULTILINE)
    }
    ours: Counter[str] = Counter()
    for path, views in decoded(counts("top_pages", "page_path", "page_views", *ALL)).items():
        name = _IMAGE.sub(r"-\1", re.sub("/+", "/", path.replace("\t", "_")))
        ours[re.sub(r"/index\.[^/]*$", "/", name)] += views
    plain = {path: views for path, views in ours.items() if re.fullmatch(r"[\w./ -]+", path)}

    assert {path: hits for path, hits in theirs.items() if re.fullmatch(r"[\w./ -]+", path)} == plain
    assert sum(plain.values()) > 0.99 * sum(ours.values())
