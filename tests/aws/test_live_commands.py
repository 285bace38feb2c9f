"""The commands that show the live tables, on tables of the service."""

import json
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from aws_stores import DynamoTable
from batch_jobs import ledger_tools, show_counters, show_session, show_top_pages
from batch_jobs.live_tables import duration_text, plain
from clickstream.detection.activities import by_session
from clickstream.detection.anomalies import Anomaly
from clickstream.detection.sessions import SessionState
from clickstream.errors import ConfigError
from clickstream.intake.rows import read
from clickstream.live.counters import counters_page, minute_deltas, page_key, page_metrics_page
from clickstream.positions import Lane
from tests.aws.empty_stores import new_table
from tests.simulation.records import ARRIVAL, SOURCE, encoded, record

NOW = ARRIVAL + timedelta(hours=3)
EVENTS: list[dict[str, Any]] = [
    {"page_url": "/p/4711", "country": "NO", "timestamp": (ARRIVAL - timedelta(seconds=2)).isoformat()},
    {"page_url": "/p/4712"},
    {"page_url": "/[/red]\u001b[2J", "session_id": "[bold]"},
    {"event_type": "purchase"},
]
NAMES = {"ProcessEventsFunctionName": "process-events"} | {
    f"{name}TableName": table
    for name, table in (("Counters", "counters"), ("PageMetrics", "pages"), ("SessionMetrics", "s"), ("Anomalies", "a"))
}
Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(aws: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command against a stack with a minute of events; gives its exit code and what it printed."""
    monkeypatch.setenv("COLUMNS", "200")
    _fill()

    def run(module: ModuleType, *words: str) -> tuple[int, str]:
        monkeypatch.setattr(module, "outputs", lambda _stack: NAMES)
        monkeypatch.setattr(module, "utc_now", lambda: NOW)
        monkeypatch.setattr(ledger_tools, "variables_of", lambda _function: {})
        return module.main(list(words)), capsys.readouterr().out

    return run


def _fill() -> None:
    for name in ("counters", "pages", "s", "a"):
        new_table(name)
    rows = read([record(encoded(**{"session_id": "s1"} | e), n) for n, e in enumerate(EVENTS, 1)], SOURCE, None).good
    [(minute, delta)] = minute_deltas(rows).items()
    guard = {"expires_at": int(NOW.timestamp()) + 60, "lsn": "1", "rev": 1}
    key = page_key(minute, Lane("process_events", "1", "shard"))
    DynamoTable("counters").put(counters_page(None, key, delta) | guard)
    DynamoTable("pages").put(page_metrics_page(None, key, delta) | guard)
    state = SessionState()
    state.observe_all(by_session(rows)["s1"])
    DynamoTable("s").put(state.item() | {"pk": "s1", "sk": "lane"} | guard)
    anomaly = Anomaly("s1", "click_rate", "high", ARRIVAL.isoformat(), {"events": 99})
    DynamoTable("a").put(anomaly.item() | guard)


def test_counters_are_printed_as_tables(command: Command) -> None:
    """One row a step, a total, and every dimension with its shares."""
    code, printed = command(show_counters)
    assert code == 0
    assert [line.split("│")[2].strip() for line in printed.splitlines() if "2026-11-21 09:00" in line] == ["4"]
    for word in ("2.02 s", "purchase", "25.0%", "NO", "direct", "unknown"):
        assert word in printed


def test_the_longest_latency_is_shown_as_a_bound(command: Command) -> None:
    """Imported history took at least that long, and nobody knows how much longer."""
    rows = read([record(encoded(timestamp=0))], SOURCE, None).good
    [(minute, delta)] = minute_deltas(rows).items()
    key = page_key(minute, Lane("process_events", "1", "other"))
    DynamoTable("counters").put(counters_page(None, key, delta) | {"expires_at": int(NOW.timestamp()) + 60})
    assert "≥ 7 d" in command(show_counters)[1]


def test_counters_as_json_are_by_step(command: Command) -> None:
    """Steps and total carry numbers, percentiles and maps."""
    code, printed = command(show_counters, "--json", "--by", "minute", "--since", "2026-11-21", "--until", "1h")
    found = json.loads(printed)
    assert code == 0
    assert [step["start_time"] for step in found["steps"]] == ["2026-11-21T09:05:00+00:00"]
    assert (found["total"]["events"], found["total"]["sessions"], found["total"]["visitors"]) == (4, 2, 2)
    assert found["total"]["latency_ms"]["p50"] == pytest.approx(2000, 1 / 32)
    assert found["total"]["event_types"] == {"page_view": 3, "purchase": 1}


def test_an_interval_without_events_says_so(command: Command) -> None:
    """It is no failure, and the JSON has no total."""
    code, printed = command(show_counters, "--since", "2h")
    assert (code, printed.partition(";")[0]) == (
        0,
        "no events were received from 2026-11-21 10:05 to 2026-11-21 12:05 UTC",
    )
    assert json.loads(command(show_counters, "--since", "2h", "--json")[1]) == {"steps": [], "total": None}
    assert command(show_top_pages, "--since", "2h", "--json")[0] == 0
    assert command(show_top_pages, "--since", "2h")[1].startswith("no page views were received from 2026-11-21 10:05")


def test_top_pages_are_by_template_and_the_rest_is_other(command: Command) -> None:
    """The shown pages and `(other)` add up to all page views."""
    code, printed = command(show_top_pages, "--json", "--top", "1")
    assert (code, json.loads(printed)) == (0, {"page_views": 3, "pages": {"/p/{id}": 2, "(other)": 1}})


def test_names_have_no_power_over_the_terminal(command: Command) -> None:
    """What looks like markup is printed as it is, and control characters are not."""
    code, printed = command(show_top_pages)
    assert code == 0
    assert "/p/{id}" in printed
    assert "\x1b[2J" not in printed
    assert str(plain("[/red]\x1b[2J")) == "[/red]\ufffd[2J"


def test_a_session_is_shown_with_its_anomalies(command: Command) -> None:
    """State, duration and broken rules, for people and as JSON."""
    code, printed = command(show_session, "s1")
    assert code == 0
    for word in ("s1", "/p/4711", "click_rate", "events 99", "is_converted"):
        assert word in printed
    found = json.loads(command(show_session, "s1", "--json")[1])
    assert (found["events"], found["duration_ms"], found["anomalies"][0]["rule"]) == (3, 2_000, "click_rate")


def test_a_session_fits_a_page(command: Command) -> None:
    """However long its evidence and its pages are, no line has more than a hundred characters, and nothing is cut."""
    evidence: dict[str, str | int] = {
        "reason": "order_changes_its_amount",
        "amounts": 3,
        "within_s": 86_400,
        "more": "z" * 150,
    }
    anomaly = Anomaly("s1", "checkout_without_journey", "critical", ARRIVAL.isoformat(), evidence)
    DynamoTable("a").put(anomaly.item() | {"expires_at": int(NOW.timestamp()) + 60})
    printed = command(show_session, "s1")[1]
    assert max(map(len, printed.splitlines())) <= 100
    assert "checkout_without_journey" in printed
    assert printed.count("z") == 150


def test_an_unknown_session_is_a_failure(command: Command) -> None:
    """Exit code 1, nothing on standard output."""
    assert command(show_session, "unknown") == (1, "")


@pytest.mark.parametrize("module", [show_counters, show_top_pages, show_session])
def test_a_stack_that_cannot_be_read_is_a_failure(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 and one sentence."""

    def outputs(stack: str) -> dict[str, str]:
        raise ConfigError(f"the stack {stack} cannot be read")

    monkeypatch.setattr(module, "outputs", outputs)
    assert module.main(["s1"] if module is show_session else []) == 1
    assert "clickstream-local cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (show_counters, ["--since", "yesterday"]),
        (show_counters, ["--since", "99999d"]),
        (show_counters, ["--by", "week"]),
        (show_counters, ["--since", "2026-11-21", "--until", "2026-11-20"]),
        (show_top_pages, ["--since", "2026-11-21", "--until", "2026-11-21"]),
        (show_top_pages, ["--top", "0"]),
        (show_session, [""]),
        (show_session, []),
    ],
)
def test_a_wrong_usage_is_refused(module: ModuleType, words: list[str]) -> None:
    """Exit code 2."""
    with pytest.raises(SystemExit, match="2"):
        module.main(words)


def test_a_wrong_time_is_answered_with_the_right_forms(capsys: pytest.CaptureFixture[str]) -> None:
    """Both ways to name a start stand in the message."""
    with pytest.raises(SystemExit, match="2"):
        show_counters.main(["--since", "3x"])
    assert "'3x' is neither of 90m, 24h or 7d ago, or a time such as 2026-11-21" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [(None, "-"), (0, "0 ms"), (999, "999 ms"), (1_500, "1.5 s"), (90_000, "1.5 min"), (10**9, "11.6 d")],
)
def test_durations_are_readable(time_ms: int | None, text: str) -> None:
    """The largest unit that fits, three digits."""
    assert duration_text(time_ms) == text
