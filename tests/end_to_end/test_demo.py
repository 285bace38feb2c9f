"""`make demo` as a person runs it: simulated events, a real access log, and Ctrl-C in the middle."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from local_aws.demo import LATE_EVENTS
from local_aws.state import PROJECT_FOLDER

ACCESS_LOG = PROJECT_FOLDER.parent / "shared" / "data" / "apache_logs.gz"
IDENTITIES = ("sent", "received", "landed", "bad", "duplicates", "quarantined", "raw_events_rows")
FILES = ("summary.json", "reports.json", "report.html", "top_pages.csv", "funnel.parquet")


@pytest.fixture(autouse=True)
def needs(installed_emulator: None) -> None:
    """The demo runs on the emulator and the CDK command line."""
    if not (PROJECT_FOLDER / "node_modules" / ".bin" / "cdk").exists():
        pytest.skip("the CDK command line is not installed; run `make setup`")


def run_demo(out: Path, *words: str) -> dict[str, Any]:
    """Run the demo to its end and give its summary."""
    command = [sys.executable, "-m", "local_aws.demo", "--out", str(out), *words]
    result = subprocess.run(command, cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    assert "Every identity holds." in result.stdout
    assert [name for name in FILES if not (out / name).stat().st_size] == []
    assert processes_of(out) == []
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return summary


def processes_of(out: Path) -> list[str]:
    """Command lines of the processes that name the output folder in their words or their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
            if str(out).encode() in words + (folder / "environ").read_bytes():
                found.append(words.replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def table(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV report."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_simulated_event_is_accounted_for(tmp_path: Path) -> None:
    """Resends, bad lines, a late file and anomalies included; the numbers agree and span the day."""
    out = tmp_path / "out"
    summary = run_demo(out, "--events", "4000", "--seed", "11")
    sent, received, landed, bad, duplicates, quarantined, rows = (summary[name] for name in IDENTITIES)
    assert sent == received == landed + bad
    assert rows == landed - duplicates - quarantined == 4000 + LATE_EVENTS
    assert sum(summary["counters"].values()) == landed
    assert bad > 0
    assert duplicates > 0
    assert summary["received_hours"] >= 20
    assert summary["anomalies"] > 0
    assert summary["bytes_scanned"] > 0
    assert {report["name"] for report in summary["reports"]} >= {"top_pages", "funnel", "bad_events"}
    assert summary["detection"]["rules"]["suspicious_agent"]["precision"] > 0.9


@pytest.mark.skipif(not ACCESS_LOG.exists(), reason="the public access log is not beside the repository")
def test_published_figures_of_an_access_log(tmp_path: Path) -> None:
    """10,000 requests of May 2015 give the published page, client and status figures, dated 2015."""
    out = tmp_path / "out"
    summary = run_demo(out, "--file", str(ACCESS_LOG))
    assert summary["sent"] == summary["raw_events_rows"] == summary["counters"]["page_view"] == 10_000
    pages = {row["page_path"]: int(row["page_views"]) + int(row["bot_views"]) for row in table(out / "top_pages.csv")}
    assert pages["/favicon.ico"] == 807
    assert int(table(out / "top_clients.csv")[0]["events"]) == 482
    status = {row["status_class"]: int(row["requests"]) for row in table(out / "http_status.csv")}
    assert status == {"2xx": 9171, "3xx": 609, "4xx": 217, "5xx": 3}
    days = [row["local_date"] for row in table(out / "daily_metrics.csv")]
    assert days == ["2015-05-17", "2015-05-18", "2015-05-19", "2015-05-20"]


def test_an_unusable_file_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """One sentence and exit code 1, and no platform was started for it."""
    (tmp_path / "empty.ndjson").touch()
    command = [sys.executable, "-m", "local_aws.demo", "--file", str(tmp_path / "empty.ndjson")]
    result = subprocess.run(
        [*command, "--out", str(tmp_path / "out")], cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "is empty" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out" / ".state").exists()


def heed_ctrl_c() -> None:
    """Undo what a shell does to its background jobs: they ignore the signal, and so does all that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_leaves_no_process(tmp_path: Path) -> None:
    """Interrupted while the stack is being deployed, the demo ends with 130 and takes everything along."""
    out = tmp_path / "out"
    with (tmp_path / "demo.log").open("wb") as log:
        demo = subprocess.Popen(
            [sys.executable, "-m", "local_aws.demo", "--events", "500", "--out", str(out)],
            cwd=PROJECT_FOLDER,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=heed_ctrl_c,
        )
    deadline = time.monotonic() + 60
    while b"deploy" not in (tmp_path / "demo.log").read_bytes() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(out)
    os.killpg(demo.pid, signal.SIGINT)
    assert demo.wait(60) == 130
    assert processes_of(out) == []
