"""The README's way of working, command by command, on a platform that stays up."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from local_aws.state import PROJECT_FOLDER, StateFolder

STACK = ("--stack", "clickstream-local")
README = (PROJECT_FOLDER / "README.md").read_text(encoding="utf-8")


def python(*words: str | Path) -> str:
    """Run a Python command of the project; its standard output."""
    result = subprocess.run(
        [sys.executable, *map(str, words)], cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout


def make(*words: str) -> str:
    """Run a verb as it stands in the README; what it needs is installed already."""
    command = ["make", "-s", "-o", ".venv/installed", *words]
    result = subprocess.run(command, cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout


@contextmanager
def live_page() -> Iterator[str]:
    """`make live` while it runs: the address that it prints."""
    command = [sys.executable, "-m", "batch_jobs.show_live", *STACK]
    with subprocess.Popen(command, cwd=PROJECT_FOLDER, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().split()[0]
        finally:
            process.terminate()


@pytest.mark.usefixtures("aws_environment")
def test_send_count_compact_and_ask(platform_state: StateFolder, tmp_path: Path) -> None:
    """What the verbs do, one after the other, ends in the README's query answering with every event."""
    if not (PROJECT_FOLDER / "node_modules" / ".bin" / "cdk").exists():
        pytest.skip("the CDK command line is not installed; run `make setup`")
    day = tmp_path / "day.ndjson"
    python("-m", "local_aws", "deploy", "--state", platform_state.root)
    words = ("--events", "600", "--seed", "3", "--hours", "1", "--out", day)
    bad = json.loads(python("-m", "test_client", "simulate", *words))["bad"]
    sent = json.loads(python("-m", "test_client", "send", day, *STACK))["sent"]
    python("-m", "local_aws", "wait", "--state", platform_state.root)
    assert "page_view" in python("-m", "batch_jobs.show_counters", *STACK)
    with live_page() as address, urlopen(f"{address}state.json") as reply:  # noqa: S310  our own server
        assert json.load(reply)["hour"]["events"] == sent - bad
    assert "/search" in python("-m", "batch_jobs.show_top_pages", *STACK)
    session_id = json.loads(day.read_text(encoding="utf-8").splitlines()[0])["session_id"]
    assert session_id in python("-m", "batch_jobs.show_session", session_id, *STACK)
    python("-m", "batch_jobs.run_steps", "--steps", "open_partitions,compact_events", *STACK, "--include-open")
    assert "/" in python("-m", "batch_jobs.run_query", "sql/top_pages.sql", *STACK)
    report = make("report", f"OUT={tmp_path / 'out'}")
    assert re.search(r"^Top pages +[1-9]\d* +\S+ [kM]?B +[\d.]+ +\$0\.", report, re.MULTILINE)
    assert "Where people go next" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert re.search(r"retention .* 0\.00005 ", make("queries"))
    python("-m", "batch_jobs.summarize", *STACK, "--sent", str(sent))
    (snippet,) = re.findall(r"python - <<'PY'\n(.*?)\nPY\n", README, re.DOTALL)
    counts = [int(line.split()[-1]) for line in python("-c", snippet).splitlines()[1:]]
    assert sum(counts) == 600
