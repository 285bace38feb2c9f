"""The detector over history, from each of its sources."""

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from moto import mock_aws

from batch_jobs import backtest, backtest_sources, stack
from batch_jobs.backtest_sources import from_counters, from_csv, from_lake
from clickstream.detection.traffic_rules import DROP, SURGE, TRACKING_OUTAGE
from clickstream.live.lifetimes import lifetime
from clickstream.live.minutes import TOTAL
from tests.aws.empty_stores import new_table
from tests.aws.shop_days import BAD, OTHERS, PEOPLE
from tests.aws.small_lake import BUCKET, DATABASE, WORKGROUP, account, fill
from tests.simulation.fakes import MemoryTable

START = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 3


def write(path: Path, rows: list[tuple[object, ...]], header: str = "minute,count,series") -> Path:
    """A CSV file."""
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def shop(outage: range) -> list[tuple[object, ...]]:
    """Three days of two types; in the outage there is no purchase."""
    chance = random.Random(1)  # noqa: S311  a seeded draw, no secret
    rows: list[tuple[object, ...]] = []
    for minute in range(DAYS * 1440):
        time = (START + timedelta(minutes=minute)).isoformat()
        rows.append((time, chance.randrange(80, 120), "type:page_view"))
        if minute not in outage:
            rows.append((time, chance.randrange(15, 25), "type:purchase"))
    return rows


def keep(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """It is the end of the second day, and counters are kept for so long."""
    monkeypatch.setattr(backtest, "utc_now", lambda: START + timedelta(days=2))
    monkeypatch.setattr(backtest_sources, "retention_days", lambda _names: days)


def test_a_tracking_outage_in_a_file_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two hours without purchases on the third day: one tracking outage, printed and written with its numbers."""
    path = write(tmp_path / "shop.csv", shop(outage=range(3000, 3120)))
    out = tmp_path / "found.csv"
    assert backtest.main(["--csv", str(path), "--out", str(out)]) == 0
    found = [row for row in csv.DictReader(out.read_text().splitlines()) if row["rule"] == TRACKING_OUTAGE]
    assert [(row["series"], row["severity"], row["seen"]) for row in found] == [("type:purchase", "critical", "0")]
    assert found[0]["minute"].startswith("2026-11-03T02:0")
    printed, progress = capsys.readouterr()
    assert progress == ""
    assert TRACKING_OUTAGE in printed
    assert "4,320 minutes from 2026-11-01 00:00 to 2026-11-03 23:59 UTC, 3 series" in printed


def test_the_total_is_the_sum_of_the_series(tmp_path: Path) -> None:
    """Without a series of its own, the total adds up; a second column of another name is no series."""
    rows: list[tuple[object, ...]] = [("2026-11-01T00:00Z", 2, "a"), ("2026-11-01T00:00Z", 3, "b")]
    assert from_csv(write(tmp_path / "a.csv", rows)).minutes[START][TOTAL] == 5
    other = from_csv(write(tmp_path / "b.csv", [("2026-11-01", 2, "False")], "ts,requests,outage"))
    assert other.series == [TOTAL]


def test_minutes_without_a_row_are_empty_and_long_pauses_unknown(tmp_path: Path) -> None:
    """Within six hours a missing minute counts as 0; longer, nothing is said about it."""
    times = [START, START + timedelta(hours=6), START + timedelta(hours=12, minutes=1)]
    history = from_csv(write(tmp_path / "a.csv", [(time.isoformat(), 1) for time in times], "minute,count"))
    assert len(history.known) == 360 + 2
    assert history.known[-2:] == times[1:]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("minute,count\n2026-11-01T00:00,many\n", "line 2"),
        ("minute,count\n2026-11-01T00:00\n", "rows are minute,count"),
        ("minute,count\nyesterday,1\n", "yesterday"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, sentence: str) -> None:
    """A row that is no minute and count ends the command with its line and what it should be."""
    path = tmp_path / "wrong.csv"
    path.write_text(text)
    assert backtest.main(["--csv", str(path)]) == 1
    assert sentence in capsys.readouterr().err


def test_an_absent_file_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there is named."""
    assert backtest.main(["--csv", "absent.csv"]) == 1
    assert "absent.csv cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--csv", "a.csv", "--lake"], ["--csv", "a.csv", "--start", "2026-11-01"]])
def test_contradicting_options_are_wrong_usage(words: list[str]) -> None:
    """Two sources, or an interval of a file, end with 2."""
    with pytest.raises(SystemExit) as end:
        backtest.main(words)
    assert end.value.code == 2


def test_the_counters_are_replayed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Live counters of two days: a surge and a drop of everything are each told once, by the total."""
    counters, chance = MemoryTable(), random.Random(2)  # noqa: S311  a seeded draw, no secret
    for minute in range(2 * 1440):
        time = START + timedelta(minutes=minute)
        count = 1000 if minute == 2000 else 0 if 2500 <= minute < 2530 else chance.randrange(90, 110)
        if count:
            page = {"pk": f"{time:%Y-%m-%d}", "sk": f"{time:%H:%M}#lane", "events": count}
            counters.put(page | {"event_types": {"click": count}})
    monkeypatch.setattr(stack, "outputs", lambda _name: {"CountersTableName": "counters"})
    monkeypatch.setattr(backtest_sources, "DynamoTable", lambda _name: counters)
    keep(monkeypatch, days=30)
    assert backtest.main(["--stack", "shop", "--start", "2026-11-01", "--end", "2026-11-03"]) == 0
    printed = capsys.readouterr().out
    assert printed.count(SURGE) == 1
    assert printed.count(DROP) >= 1
    assert "type:" not in printed


def test_minutes_that_expire_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a minute past its life a lane may be gone, and half of a minute is no drop: the history begins after it."""
    counters = MemoryTable()
    oldest = START + timedelta(days=2) - lifetime(1)
    for minute in range(-5, 5):
        time = oldest + timedelta(minutes=minute)
        counters.put({"pk": f"{time:%Y-%m-%d}", "sk": f"{time:%H:%M}#lane", "events": 1, "event_types": {"click": 1}})
    monkeypatch.setattr(stack, "outputs", lambda _name: {"CountersTableName": "counters"})
    monkeypatch.setattr(backtest_sources, "DynamoTable", lambda _name: counters)
    keep(monkeypatch, days=1)
    now = START + timedelta(days=2)
    history = from_counters("shop", oldest - timedelta(days=1), now, now)
    assert history.known[0] == oldest + timedelta(minutes=1)
    assert len(history.minutes) == 4


def test_an_empty_stack_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """No events are no failure."""
    with mock_aws():
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        new_table("counters")
        monkeypatch.setattr(stack, "outputs", lambda _name: {"CountersTableName": "counters"})
        keep(monkeypatch, days=30)
        assert backtest.main(["--end", "2026-11-03"]) == 0
    assert "no events in this interval" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3
def test_the_lake_is_asked_through_the_guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes of event time of the lake, summed by Athena: as many events as there are rows."""
    outputs = {"BucketName": BUCKET, "DatabaseName": DATABASE, "WorkgroupName": WORKGROUP}
    monkeypatch.setattr(stack, "outputs", lambda _name: outputs)
    with account(tmp_path):
        fill([*PEOPLE, *OTHERS], BAD)
        start = datetime(2026, 11, 21, tzinfo=UTC)
        history = from_lake("shop", start, start + timedelta(days=2))
    rows = [row for row in (*PEOPLE, *OTHERS) if start <= row["event_time"] < start + timedelta(days=2)]
    assert sum(counts[TOTAL] for counts in history.minutes.values()) == len(rows)
    assert history.known[0] == min(history.minutes)
    assert history.known[-1] == start + timedelta(days=2, minutes=-1)
