"""The command line: results on standard output, one sentence for an error, exit codes 0, 1, 2 and 130."""

import hashlib
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from test_client import commands
from test_client.__main__ import main
from test_client.source import examine

ROOT = Path(__file__).parents[2]
AWS_VARIABLES = (
    "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION",
    "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KINESIS", "STREAM_NAME", "STACK_NAME",
)  # fmt: skip


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No AWS settings of the machine reach a test."""
    for name in AWS_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def point_to(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Set credentials and an endpoint on this machine."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")


def closed_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def refusal(capsys: pytest.CaptureFixture[str], *argv: str, code: int) -> str:
    """Run a command that must fail; return its sentence."""
    assert main(argv) == code
    sentence = capsys.readouterr().err.strip().splitlines()[-1]
    assert sentence.startswith("error: ")
    return sentence


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """A small file of events."""
    path = tmp_path / "events.ndjson"
    path.write_bytes(b'{"session_id":"a","event_type":"click"}\n' * 3)
    return path


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_simulate_writes_the_same_file_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    """Two runs give equal bytes, and the printed summary is that of the file."""
    digests, summaries = [], []
    for name in ("one", "two"):
        out, labels = tmp_path / f"{name}.ndjson{suffix}", tmp_path / f"{name}.labels"
        argv = ["simulate", "--events", "2500", "--seed", "3", "--out", str(out), "--labels", str(labels)]
        assert main(argv) == 0
        summary = json.loads(capsys.readouterr().out)
        assert summary.pop("out") == str(out)
        summaries.append(summary)
        digests.append([hashlib.sha256(path.read_bytes()).digest() for path in (out, labels)])
        assert examine(out).lines == summary["lines"]
        assert len(labels.read_text().splitlines()) == sum(summary["labels"].values())
    assert digests[0] == digests[1]
    assert summaries[0] == summaries[1]


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["simulate", "--events", "0", "--seed", "1", "--out", "x"],
        ["simulate", "--events", "ten", "--seed", "1", "--out", "x"],
        ["simulate", "--events", "10", "--seed", "1", "--out", "x", "--start", "noon"],
        ["simulate", "--events", "10", "--seed", "1", "--out", "x", "--hours", "0.2"],
        ["simulate", "--events", "10", "--seed", "1", "--out", "x", "--hours", "nan"],
        ["send"],
        ["send", "x", "--rate", "0"],
        ["send", "x", "--site", "shop.example.com"],
        ["check-labels", "x"],
        ["dance"],
    ],
)
def test_wrong_usage_is_exit_code_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong options are refused by the parser with a usage line."""
    with pytest.raises(SystemExit) as stopped:
        main(argv)
    assert stopped.value.code == 2
    assert "usage: " in capsys.readouterr().err


@pytest.mark.parametrize("command", ["simulate", "send", "check-labels"])
def test_help_shows_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command explains itself with a command line to copy."""
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert f"python -m test_client {command} " in capsys.readouterr().out


def test_simulate_into_an_impossible_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An output that cannot be written is an error of usage."""
    (tmp_path / "file").touch()
    out = str(tmp_path / "file" / "day.ndjson")
    assert "cannot be written" in refusal(capsys, "simulate", "--events", "5", "--seed", "1", "--out", out, code=2)
    out = str(tmp_path)
    assert "is a folder" in refusal(capsys, "simulate", "--events", "5", "--seed", "1", "--out", out, code=2)


def test_unusable_files_are_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str], events: Path) -> None:
    """A missing file, a wrong late file and an unknown format stop before any stream is looked for."""
    assert "does not exist" in refusal(capsys, "send", str(tmp_path / "none"), code=2)
    assert "is a folder" in refusal(capsys, "send", str(events), "--late", str(tmp_path), code=2)
    (tmp_path / "f.csv").write_text("a,b\n1,2\n")
    assert "is neither NDJSON" in refusal(capsys, "send", str(tmp_path / "f.csv"), code=2)
    assert "does not exist" in refusal(capsys, "check-labels", str(tmp_path / "none"), str(events), code=2)


def test_sending_without_region_or_credentials(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], events: Path
) -> None:
    """Missing AWS settings are named, with exit code 1."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    assert "no AWS region is set" in refusal(capsys, "send", str(events), "--stream", "s", code=1)
    assert "no AWS region is set" in refusal(capsys, "send", str(events), code=1)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed_port()}")
    assert "no AWS credentials were found" in refusal(capsys, "send", str(events), "--stream", "s", code=1)


def test_sending_to_nobody(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], events: Path) -> None:
    """A platform that is not running is named at once, for stream and stack; the result says what was sent."""
    port = closed_port()
    point_to(monkeypatch, port)
    assert main(["send", str(events), "--stream", "s"]) == 1
    printed = capsys.readouterr()
    assert f"http://127.0.0.1:{port} does not answer: start the local platform" in printed.err
    result: dict[str, Any] = json.loads(printed.out)
    assert (result["sent"], result["unsent"], result["records"]) == (0, 3, 0)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert "does not answer" in refusal(capsys, "send", str(events), code=1)


def test_check_labels_prints_the_scores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The result is one line of JSON."""
    (tmp_path / "labels").write_text('{"session_id":"a","label":"click_flood"}\n')
    (tmp_path / "anomalies").write_text('[{"session_id":"a","rule":"click_rate"}]')
    assert main(["check-labels", str(tmp_path / "labels"), str(tmp_path / "anomalies")]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["rules"]["click_rate"]["recall"] == 1.0


def test_ctrl_c_ends_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], events: Path) -> None:
    """Ctrl-C gives exit code 130 and no traceback."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "examine", interrupt)
    assert main(["send", str(events)]) == 130
    assert capsys.readouterr().err == "stopped\n"


def test_it_runs_as_a_module(tmp_path: Path) -> None:
    """``python -m test_client`` works from a shell, with the exit code of the command."""
    argv = [sys.executable, "-m", "test_client", "send", str(tmp_path / "none")]
    ended = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == f"error: {tmp_path / 'none'} does not exist: check the path\n"
