"""The Python tracker as a program uses it: never in the way, nothing left behind, nothing lost in silence."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from clickstream.intake.events import parse
from clickstream_tracker import EventError, Tracker, TrackerError
from tests.unit.kinesis_stand_in import Stream, answer_error

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, 9, 30, 0, 123_000, tzinfo=UTC)


def tracker_of(stream: Stream, **options: Any) -> Tracker:
    """A tracker that waits for nothing."""
    settings = {"linger_s": 0.01, "close_s": 5.0, "buckets": 4} | options
    return Tracker("stream", client=cast("Any", stream), clock=lambda: NOW, **settings)


def test_an_event_arrives_as_it_was_tracked() -> None:
    """Fields of the lake, properties, times and amounts are there; what is None is not."""
    stream = Stream()
    with tracker_of(stream, app_id="shop") as tracker:
        at = datetime(2026, 11, 22, 11, 0, tzinfo=timezone(timedelta(hours=2)))
        event_id = tracker.track(
            "purchase", session_id="s-1", timestamp=at, revenue=Decimal("9.90"), user_id=None, properties={"ä": [1]}
        )
        tracker.track("page_view", event_id="e-2", app_id="other")
    first, second = sorted(stream.events(), key=lambda event: event["event_type"], reverse=True)
    assert first == {
        "event_type": "purchase",
        "event_id": event_id,
        "timestamp": "2026-11-22T09:00:00.000Z",
        "app_id": "shop",
        "session_id": "s-1",
        "revenue": "9.90",
        "properties": {"ä": [1]},
    }
    assert second == {
        "event_type": "page_view", "event_id": "e-2", "timestamp": "2026-11-22T09:30:00.123Z", "app_id": "other",
    }  # fmt: skip
    assert parse(json.dumps(first).encode()).revenue == "9.90"


def test_many_threads_lose_nothing() -> None:
    """Events of ten threads are accepted once each, under refusals, packed many a record."""
    stream = Stream(refuse=0.2)
    with tracker_of(stream, linger_s=0.2) as tracker:

        def work(number: int) -> None:
            for count in range(200):
                tracker.track("click", session_id=f"s-{number}", event_id=f"{number}-{count}")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    wanted = Counter(f"{number}-{count}" for number in range(10) for count in range(200))
    assert Counter(event["event_id"] for event in stream.events()) == wanted
    assert len(stream.accepted) < 100
    totals = tracker.totals
    assert (totals.tracked, totals.accepted, totals.undelivered) == (2_000, 2_000, 0)


def test_flush_waits_until_all_is_accepted() -> None:
    """After a flush everything tracked before is in the stream, though the tracker would have lingered."""
    stream = Stream()
    tracker = tracker_of(stream, linger_s=60.0)
    for number in range(3):
        tracker.track("click", event_id=str(number))
    assert tracker.flush(20)
    assert len(stream.events()) == 3
    tracker.close()


def test_a_flush_that_takes_too_long_says_so() -> None:
    """No answer in time is False, no exception."""
    stream = Stream(errors=[answer_error("ExpiredTokenException")])
    tracker = tracker_of(stream)
    tracker.track("click", event_id="1")
    assert not tracker.flush(0.3)
    tracker.close()
    assert tracker.totals.accepted == 1


@pytest.mark.parametrize(
    ("event_type", "fields", "sentence"),
    [
        ("", {}, "needs a type"),
        (7, {}, "needs a type"),
        ("x" * 129, {}, "needs a type"),
        ("click", {"properties": {"a": object()}}, "cannot be written as JSON: object is none of text"),
        ("click", {"revenue": float("nan")}, "cannot be written as JSON"),
        ("click", {"page_title": "\ud800"}, "cannot be written as JSON"),
        ("click", {"page_title": "x" * 300_000}, "bytes, at most 262,144 are taken"),
    ],
)
def test_an_unusable_event_is_told_and_does_not_disturb(event_type: Any, fields: dict[str, Any], sentence: str) -> None:
    """The program goes on, the callback hears it; a strict tracker raises."""
    heard: list[str] = []
    with tracker_of(Stream(), on_undelivered=lambda _, reason: heard.append(reason)) as tracker:
        assert tracker.track(event_type, **fields) is None
    assert sentence in heard[0]
    assert tracker.totals.undelivered == tracker.totals.tracked == 1
    with tracker_of(Stream(), strict=True) as tracker, pytest.raises(EventError, match=sentence):
        tracker.track(event_type, **fields)


def test_a_dead_stream_costs_a_bounded_number_of_events(caplog: pytest.LogCaptureFixture) -> None:
    """What does not fit into the backlog is undelivered at once, told in one line of the log, not in a thousand."""
    stream = Stream(errors=[answer_error("AccessDeniedException")] * 100)
    lost: Counter[bytes] = Counter()
    tracker = tracker_of(stream, max_waiting=50, close_s=0.2, on_undelivered=lambda lines, _: lost.update(lines))
    with caplog.at_level(logging.WARNING, "clickstream_tracker"):
        for number in range(1_000):
            tracker.track("click", event_id=str(number))
        totals = tracker.close()
    assert (totals.tracked, totals.accepted, totals.undelivered) == (1_000, 0, 1_000)
    assert {json.loads(line)["event_id"] for line in lost} == set(map(str, range(1_000)))
    assert lost.total() == 1_000
    assert "50 events wait already" in caplog.text
    assert len(caplog.records) < 10


def test_a_closed_tracker_takes_nothing() -> None:
    """An event after the close is undelivered; closing twice is one close."""
    stream = Stream()
    tracker = tracker_of(stream)
    tracker.close()
    assert tracker.track("click") is None
    assert tracker.close().undelivered == 1
    assert stream.calls == []


def test_a_callback_that_fails_ends_nothing() -> None:
    """The program's own mistake is logged, and later events arrive."""

    def fail(lines: object, reason: str) -> None:
        raise ZeroDivisionError

    stream = Stream()
    with tracker_of(stream, on_undelivered=fail) as tracker:
        tracker.track("")
        tracker.track("click")
    assert len(stream.events()) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_client_that_breaks_is_told() -> None:
    """An exception that no AWS client raises gives up that batch; the next one is sent."""
    stream = Stream(errors=[ZeroDivisionError("odd")])
    with tracker_of(stream) as tracker:
        tracker.track("click", event_id="1")
        tracker.flush(10)
        tracker.track("click", event_id="2")
    assert [event["event_id"] for event in stream.events()] == ["2"]
    assert tracker.totals.undelivered == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"stream_name": ""}, "needs the name of a stream"),
        ({"buckets": 0}, "at least 1"),
        ({"linger_s": -1}, "least 0"),
    ],
)
def test_unusable_options_are_refused_at_once(options: dict[str, Any], sentence: str) -> None:
    """A mistake in the set-up is an exception where it is made."""
    with pytest.raises(TrackerError, match=sentence):
        Tracker(**{"stream_name": "stream", "client": cast("Any", Stream())} | options)


def test_no_region_is_told_at_construction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a client and a region there is nothing to send to."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with pytest.raises(TrackerError, match="no AWS region is set"):
        Tracker("stream")


PROGRAM = """
import json, os, sys
from clickstream_tracker import Tracker
from tests.unit.kinesis_stand_in import Stream

class Written(Stream):
    def put_records(self, **call):
        answer = super().put_records(**call)
        with open(sys.argv[1], "a") as file:
            file.writelines(f"{os.getpid()} {event['event_id']}\\n" for event in self.events())
        self.accepted.clear()
        return answer

tracker = Tracker("stream", client=Written(), linger_s=60.0)
"""


def run_program(tmp_path: Path, ending: str) -> list[list[str]]:
    """Process and event id of what a program accepted that tracks, and ends so."""
    path = tmp_path / "accepted"
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT}/trackers/python"}
    words = [sys.executable, "-c", PROGRAM + ending, str(path)]
    result = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in result.stderr, result.stderr
    return [line.split() for line in path.read_text().splitlines()]


def test_a_program_that_ends_leaves_nothing_behind(tmp_path: Path) -> None:
    """Events are sent at exit, also where nobody closed the tracker, and where the program was ended with a code."""
    ending = "tracker.track('click', event_id='1')\ntracker.track('click', event_id='2')\nsys.exit(3)"
    assert [event for _, event in run_program(tmp_path, ending)] == ["1", "2"]


def test_forked_workers_send_their_own_events(tmp_path: Path) -> None:
    """A child sends what it tracks and not what its parent has waiting; the parent sends its own once."""
    ending = (
        "tracker.track('click', event_id='parent')\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    tracker.track('click', event_id='child')\n"
        "else:\n"
        "    os.waitpid(child, 0)\n"
    )
    accepted = run_program(tmp_path, ending)
    assert sorted(event for _, event in accepted) == ["child", "parent"]
    assert len({process for process, _ in accepted}) == 2
