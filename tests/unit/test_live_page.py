"""The live page: what it reads, how often, and that hostile or missing data leave it whole."""

import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from batch_jobs.live import state
from batch_jobs.live.page import render
from batch_jobs.live.record import record, short
from batch_jobs.live.script import POLICY, SCRIPT
from batch_jobs.live.server import LiveServer
from batch_jobs.live.watch import Snapshot, Watch
from clickstream.ports import Key
from tests.simulation.fakes import MemoryTable
from tests.simulation.records import ARRIVAL
from tests.unit.live_tables_filled import HOSTILE, NOW, SESSION, BrokenTable, filled

EVERY = timedelta(seconds=5)


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """This instant."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at NOW."""
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[LiveServer]:
    """The page of the filled tables on a free port."""
    with LiveServer(Watch(filled()[0], clock, EVERY), "shop") as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def asked(server: LiveServer, path: str, host: str = "127.0.0.1") -> tuple[int, http.client.HTTPMessage, str]:
    """Status, headers and body of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request("GET", path, headers={"Host": host})
    reply = connection.getresponse()
    body = reply.read().decode()
    connection.close()
    return reply.status, reply.headers, body


def shown(page: str) -> str:
    """The text of the page; raises if it is no well-formed XML."""
    # The script is the page's own and no XML.
    tree = ET.fromstring(page.removeprefix("<!DOCTYPE html>\n").replace(SCRIPT, ""))  # noqa: S314  our own page
    return " ".join(tree.itertext())


def test_the_state_is_what_the_tables_hold(clock: Clock) -> None:
    """Every number is that of the three events, and ids are shortened."""
    found = record(Watch(filled()[0], clock, EVERY).snapshot())
    assert found["problem"] is None
    assert found["as_of_time"] == NOW.isoformat()
    hour = found["hour"]
    assert hour["latency_ms"].pop("p95") == pytest.approx(2000, 1 / 32)
    assert hour["latency_ms"].pop("p50") is not None
    minute = ARRIVAL.replace(second=0, microsecond=0)
    start = NOW.replace(second=0, microsecond=0) - timedelta(minutes=59)
    assert hour | {"channels": None, "devices": None} == {
        "start_time": start.isoformat(),
        "is_quiet": False,
        "events": 3,
        "visitors": 1,
        "sessions": 1,
        "latency_ms": {},
        "event_types": {"page_view": 2, HOSTILE: 1},
        "channels": None,
        "devices": None,
        "page_views": 2,
        "pages": {"/p/{id}": 2},
        "minutes": {minute.isoformat(): 3},
    }
    assert sum(hour["channels"].values()) == sum(hour["devices"].values()) == 3
    assert found["sessions"]["active"] == 1
    [session] = found["sessions"]["newest"]
    assert (session["session_id"], session["events"], session["page_views"]) == ("anna@exa…", 3, 2)
    assert found["anomalies"] == [
        {
            "subject": "session anna@exa…",
            "rule": "click_rate",
            "severity": "high",
            "detected_time": ARRIVAL.isoformat(),
        }
    ]


def test_ten_tabs_cost_one_read(clock: Clock) -> None:
    """Within the interval nothing is read again; whole tables only after a minute."""
    tables, counters, sessions = filled()
    watch = Watch(tables, clock, EVERY)
    queries = [(watch.snapshot(), counters.queries)[1] for _ in range(10)]
    assert len(set(queries)) == 1
    clock.now += EVERY
    watch.snapshot()
    assert (counters.queries, sessions.scans) == (2 * queries[0], 1)
    clock.now += timedelta(minutes=1)
    watch.snapshot()
    assert sessions.scans == 2


def test_the_page_waits_for_no_whole_table(clock: Clock) -> None:
    """Counters are shown at once; sessions and anomalies when their reads end, which begin only once."""
    waiting: list[Callable[[], None]] = []
    watch = Watch(filled()[0], clock, EVERY, waiting.append)
    assert "The table is being read." in shown(render(watch.snapshot(), "shop", EVERY))
    assert record(watch.snapshot())["hour"]["events"] == 3
    clock.now += EVERY
    watch.snapshot()
    assert len(waiting) == 2
    for work in waiting:
        work()
    assert record(watch.snapshot())["sessions"]["active"] == 1


def test_a_table_too_large_is_tried_seldom(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not again within a quarter of an hour, while the other table is read every minute."""
    tables, _, sessions = filled()
    monkeypatch.setattr(state, "MOST_ITEMS", 0)
    watch = Watch(tables, clock, EVERY)
    watch.snapshot()
    monkeypatch.undo()
    clock.now += timedelta(minutes=14)
    assert (record(watch.snapshot())["sessions"], sessions.scans) == (None, 1)
    clock.now += timedelta(minutes=1)
    watch.snapshot()
    assert sessions.scans == 2


def test_a_whole_table_that_cannot_be_read_is_tried_again(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page names the cause and shows the counters; the next look reads it."""
    tables, _, sessions = filled()
    monkeypatch.setattr(sessions, "is_broken", True)
    watch = Watch(tables, clock, EVERY)
    text = shown(render(watch.snapshot(), "shop", EVERY))
    assert "cannot be read: throttled <b>." in text
    assert "The table could not be read yet." in text
    monkeypatch.undo()
    clock.now += EVERY
    assert record(watch.snapshot())["sessions"]["active"] == 1


def test_a_failed_read_is_a_sentence_over_what_was_read_before(clock: Clock) -> None:
    """The numbers stay, the cause is named and escaped, and it goes when the service is back."""
    tables, counters, _ = filled()
    watch = Watch(tables, clock, EVERY)
    counters.is_broken = True
    assert "cannot be read: throttled <b>. The next try" in shown(render(watch.snapshot(), "shop", EVERY))
    counters.is_broken = False
    clock.now += EVERY
    read = watch.snapshot()
    assert read.problem == ""
    counters.is_broken = True
    clock.now += EVERY
    assert watch.snapshot() == Snapshot(read.hour, read.items, "throttled <b>")
    page = render(watch.snapshot(), "shop", EVERY)
    assert "<b>" not in page
    assert "What is shown is what was read before." in shown(page)


@pytest.mark.parametrize(("minutes", "is_quiet"), [(4, False), (6, True), (90, True)])
def test_the_page_says_when_no_events_come(clock: Clock, minutes: int, is_quiet: bool) -> None:
    """Five minutes after the end of the newest minute with events, and when the hour has none."""
    clock.now = ARRIVAL.replace(second=30) + timedelta(minutes=minutes)
    snapshot = Watch(filled()[0], clock, EVERY).snapshot()
    assert record(snapshot)["hour"]["is_quiet"] is is_quiet
    assert ("No event has come for" in shown(render(snapshot, "shop", EVERY))) is is_quiet


def test_a_session_ends_to_be_active_and_lanes_are_one(clock: Clock) -> None:
    """After a reshard both pages are one session; half an hour after its last event it is listed no more."""
    sessions = filled()[2]
    page = sessions.get(Key(SESSION, "lane"))
    assert page is not None
    sessions.put(page | {"sk": "lane 2"})
    found = state.active_sessions(sessions.scan(), NOW)
    assert [(each.session_id, each.state.events) for each in found.newest] == [(SESSION, 6)]
    assert state.active_sessions(sessions.scan(), NOW + timedelta(minutes=31)).active == 0


def test_tables_too_large_to_read_are_said_to_be(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page has no list rather than part of one."""
    monkeypatch.setattr(state, "MOST_ITEMS", 0)
    snapshot = Watch(filled()[0], clock, EVERY).snapshot()
    assert record(snapshot)["sessions"] is record(snapshot)["anomalies"] is None
    assert "too many to read for this page" in shown(render(snapshot, "shop", EVERY))


def test_empty_tables_make_a_page(clock: Clock) -> None:
    """A stack that never saw an event has zeros, and says that none come."""
    empty = state.Tables(BrokenTable(), MemoryTable(), MemoryTable(), MemoryTable(), 30)
    text = shown(render(Watch(empty, clock, EVERY).snapshot(), "shop", EVERY))
    assert "No event has come for an hour." in text
    assert "0 sessions with an event in the last 30 minutes" in text


def test_the_page_comes_over_http_and_asks_nobody_else(server: LiveServer) -> None:
    """One document under a policy that lets only its own script run; no address but its own."""
    status, headers, page = asked(server, "/")
    assert (status, headers["Content-Security-Policy"]) == (200, POLICY)
    assert page.count("<script>") == 1
    assert SESSION not in page
    assert not set(re.findall(r"https?://[^\s\"'<)]+", page)) - {"http://www.w3.org/2000/svg"}
    status, headers, body = asked(server, "/state.json")
    assert (status, headers["Content-Type"], json.loads(body)["hour"]["events"]) == (200, "application/json", 3)


def test_other_paths_and_names_are_refused(server: LiveServer) -> None:
    """A foreign site whose name leads to this machine gets nothing."""
    assert asked(server, "/favicon.ico")[0] == 404
    assert asked(server, "/state.json", host="evil.example")[0] == 403


def test_hostile_names_stay_text(clock: Clock) -> None:
    """Markup in the name of a stack, a session, a page or an event type is shown and not run."""
    tables, _, sessions = filled()
    page = sessions.get(Key(SESSION, "lane"))
    assert page is not None
    sessions.put(page | {"pk": "<b>x", "exit_page": HOSTILE})
    markup = render(Watch(tables, clock, EVERY).snapshot(), HOSTILE, EVERY)
    assert markup.count("<script>") == 1
    assert "<b>" not in markup
    assert shown(markup).count(HOSTILE) == 4


def test_ids_are_shortened() -> None:
    """Eight characters at most, and a mark that there are more."""
    assert [short(text) for text in ("s-1", "12345678", "123456789")] == ["s-1", "12345678", "12345678…"]
