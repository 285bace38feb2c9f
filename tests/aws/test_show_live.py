"""The command behind `make live`, on tables of the service."""

import socket
import time
from typing import Any

import pytest

from aws_stores import DynamoTable
from batch_jobs import command_line, ledger_tools, show_live
from batch_jobs.live.record import record
from batch_jobs.live.server import LiveServer
from batch_jobs.live_tables import utc_now
from clickstream.errors import ConfigError
from tests.aws.empty_stores import new_table

NAMES = {"ProcessEventsFunctionName": "process-events"} | {
    f"{name}TableName": name for name in ("Counters", "PageMetrics", "SessionMetrics", "Anomalies")
}


@pytest.fixture
def stack(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack with empty tables."""
    for name in ("Counters", "PageMetrics", "SessionMetrics", "Anomalies"):
        new_table(name)
    monkeypatch.setattr(show_live, "outputs", lambda _stack: NAMES)
    monkeypatch.setattr(ledger_tools, "variables_of", lambda _function: {})


def settled(server: LiveServer) -> dict[str, Any]:
    """The state once the tables that are read beside the page are there."""
    for _ in range(200):
        found = record(server.watch.snapshot())
        if found["anomalies"] is not None:
            return found
        time.sleep(0.05)
    raise AssertionError("the anomalies were not read within ten seconds")


def test_ctrl_c_ends_the_server(
    stack: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says where the page is, reads the tables of the stack, frees its port, and ends with 130."""
    served: list[LiveServer] = []

    def until_ctrl_c(server: LiveServer) -> None:
        served.append(server)
        item = {"pk": "s-1", "sk": "rule", "severity": "low", "detected_time": utc_now().isoformat()}
        DynamoTable("Anomalies").put(item | {"expires_at": 9_000_000_000})
        raise KeyboardInterrupt

    monkeypatch.setattr(LiveServer, "serve_forever", until_ctrl_c)
    assert command_line.interruptible(lambda: show_live.main([])) == 130
    [server] = served
    assert capsys.readouterr().out.startswith(f"{server.url} shows clickstream-local live")
    found = settled(server)
    assert (found["problem"], found["hour"]["events"], found["anomalies"][0]["subject"]) == (None, 0, "session s-1")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.server_port), timeout=5)


def test_a_port_that_is_taken_is_a_failure(stack: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 and a sentence with the port."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert show_live.main(["--port", port]) == 1
    assert f"port {port} cannot be used" in capsys.readouterr().err


def test_a_stack_that_is_not_there_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 and one sentence."""

    def outputs(stack: str) -> dict[str, str]:
        raise ConfigError(f"the stack {stack} cannot be read")

    monkeypatch.setattr(show_live, "outputs", outputs)
    assert show_live.main(["--stack", "elsewhere"]) == 1
    assert capsys.readouterr().err == "show_live: the stack elsewhere cannot be read\n"


@pytest.mark.parametrize("words", [["--port", "70000"], ["--port", "x"], ["--every", "0"], ["more"]])
def test_wrong_usage_of_the_page_is_refused(words: list[str]) -> None:
    """Exit code 2."""
    with pytest.raises(SystemExit, match="2"):
        show_live.main(words)
