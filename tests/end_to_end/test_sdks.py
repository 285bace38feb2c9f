"""Trackers of others, unmodified, send to the local collector: each event once in `raw_events`, whatever was resent."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import awswrangler as wr
import boto3
import pytest

from local_aws.state import StateFolder
from tests.end_to_end.started_platform import command
from tests.sdk.clients import CLIENTS, FOLDER, NODE_MODULES, Client
from tests.sdk.faulty_proxy import Fault, faulty_proxy

STACK = ("--stack", "clickstream-local")
SERVER = Counter(["identify", "page_view", "purchase"])
SNOWPLOW = Counter(["page_view", "add_to_cart"])
SENT = {
    "segment_browser": SERVER,
    "segment_node": SERVER,
    "segment_python": SERVER,
    "rudder_node": SERVER,
    "rudder_python": SERVER,
    "snowplow_browser": SNOWPLOW,
    "snowplow_node": SNOWPLOW,
    "snowplow_python": SNOWPLOW,
    "aws_browser": Counter(["first_open", "session_start", "page_view", "add_to_cart", "profile_set", "purchase"]),
}
"""What each snippet and its further calls send, under the names that reports know."""
FAULTS: tuple[list[Fault], ...] = ([503, 503, "lost"], [429, "lost"], ["lost", 503])
LIMIT_S = 60
LICENCES = {"MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD"}
MIT_TEXT = re.compile(r"Permission is hereby granted, free of charge, to any\s+person")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """What a client did: the ids in each of its requests, those it knows as taken, what the collector answered."""

    sent: list[list[str]]
    taken: set[str]
    statuses: list[int]
    start_time: datetime

    @property
    def ids(self) -> set[str]:
        """The ids of all events."""
        return {one for ids in self.sent for one in ids}


@pytest.fixture(scope="module")
def state(collecting_platform: tuple[StateFolder, dict[str, str]]) -> Iterator[StateFolder]:
    """The platform, named by the environment of this module."""
    state, environment = collecting_platform
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setenv("COLLECTOR_URL", environment["COLLECTOR_URL"])
        yield state


@pytest.fixture(scope="module")
def runs(
    state: StateFolder,
    collecting_platform: tuple[StateFolder, dict[str, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Run]:
    """Every client that is installed here has sent its events, through faults, until it knows that they are taken."""
    collector = collecting_platform[1]["COLLECTOR_URL"]
    here = [client for client in CLIENTS if not client.missing]

    def run(number: int) -> Run:
        client, folder = here[number], tmp_path_factory.mktemp(here[number].name)
        return delivered(client, collector, FAULTS[number % len(FAULTS)], folder)

    with ThreadPoolExecutor(3) as pool:
        return {client.name: found for client, found in zip(here, pool.map(run, range(len(here))), strict=True)}


@pytest.fixture(scope="module")
def rows(runs: dict[str, Run], state: StateFolder) -> list[Row]:
    """All of `raw_events`, once every record is processed and the open hour is compacted."""
    command("local_aws", "wait", "--state", state.root, "--timeout", "120")
    command("batch_jobs.run_steps", "--steps", "open_partitions,compact_events", *STACK, "--include-open")
    sql = "SELECT * FROM raw_events"
    found = wr.athena.read_sql_query(sql, database="clickstream_local", workgroup="clickstream-local")
    return [{str(name): value for name, value in row.items()} for row in found.to_dict("records")]


def delivered(client: Client, collector: str, faults: list[Fault], folder: Path) -> Run:
    """Run a client until it knows of all its events that they were taken."""
    start_time, wanted = datetime.now(UTC), SENT[client.name].total()
    with faulty_proxy(collector, faults) as proxy:
        with client.running(proxy.host, folder):
            deadline = time.monotonic() + LIMIT_S
            while len(proxy.taken) < wanted:
                assert time.monotonic() < deadline, (client.name, proxy.sent, proxy.taken, proxy.statuses)
                time.sleep(0.05)
        return Run(proxy.sent, proxy.taken, proxy.statuses, start_time)


def rows_of(client: Client, runs: dict[str, Run], rows: list[Row]) -> list[Row]:
    """The rows of the events that a client sent; the test is skipped with the reason where it could not run."""
    if client.missing:
        pytest.skip(client.missing)
    return [row for row in rows if row["event_id"] in runs[client.name].ids]


each_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)


@each_client
def test_each_event_is_there_once(client: Client, runs: dict[str, Run], rows: list[Row]) -> None:
    """By the ids that the tracker made: none is missing, none is there twice, and each is what it was called."""
    found = rows_of(client, runs, rows)
    assert Counter(row["event_id"] for row in found) == Counter(runs[client.name].ids)
    assert Counter(row["event_type"] for row in found) == SENT[client.name]


@each_client
def test_what_was_sent_again_added_nothing(client: Client, runs: dict[str, Run], rows: list[Row]) -> None:
    """The first requests failed and an answer got lost: the collector had events twice, the lake has them once."""
    found = rows_of(client, runs, rows)
    run = runs[client.name]
    sent = Counter(one for ids in run.sent for one in ids)
    assert max(sent.values()) >= 2
    assert run.statuses.count(200) >= 2
    assert set(run.statuses) <= {200, 204}
    assert run.taken == run.ids
    assert len(found) == len(run.ids)


@each_client
def test_page_campaign_and_time_are_the_clients(client: Client, runs: dict[str, Run], rows: list[Row]) -> None:
    """A page view has its page, title and campaign, and happened when the client said."""
    found = rows_of(client, runs, rows)
    (view,) = [row for row in found if row["event_type"] == "page_view"]
    assert (view["page_path"], view["page_title"]) == ("/p/1", "P1")
    assert (view["utm_source"], view["utm_campaign"]) == ("news", "c1")
    for row in found:
        event_time = row["event_time"].to_pydatetime().replace(tzinfo=UTC)
        assert row["time_source"] == "event"
        assert runs[client.name].start_time <= event_time <= datetime.now(UTC)
        assert row["received_time"].to_pydatetime().replace(tzinfo=UTC) - event_time < timedelta(minutes=2)


@each_client
def test_who_and_what_is_in_its_column(client: Client, runs: dict[str, Run], rows: list[Row]) -> None:
    """The person is one pseudonym, an order has its value; a browser has one visitor, a network and an agent."""
    found = rows_of(client, runs, rows)
    assert len({row["user_id"] for row in found if row["user_id"]} - {"u-42"}) == 1 or client.name == "snowplow_browser"
    for order in [row for row in found if row["event_type"] == "purchase"]:
        assert (order["order_id"], order["revenue"], order["currency"]) == ("o-1", Decimal("9.90"), "EUR")
    if client.kind == "browser":
        assert len({row["anonymous_id"] for row in found}) == 1
        assert {row["ip_address"] for row in found} == {"127.0.0.0"}
        assert all("Chrome" in row["user_agent"] for row in found)
    if client.name in ("snowplow_browser", "aws_browser"):
        assert len({row["session_id"] for row in found}) == 1


def test_nothing_else_came_in(runs: dict[str, Run], rows: list[Row]) -> None:
    """Every row of the lake is an event that a tracker made, and no request left a bad event."""
    every = set[str]().union(*(run.ids for run in runs.values()))
    assert {row["event_id"] for row in rows} == every
    sql = "SELECT count(*) AS n FROM bad_events"
    bad = wr.athena.read_sql_query(sql, database="clickstream_local", workgroup="clickstream-local")
    assert bad["n"].tolist() == [0]


def test_what_is_run_may_be_run() -> None:
    """The packages under test are MIT, Apache, BSD or ISC, pinned with a hash and without an address."""
    packages = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    for name, package in packages.items():
        if not name:
            continue
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
        if package["license"] not in LICENCES:
            folder = NODE_MODULES / name.removeprefix("node_modules/")
            if not NODE_MODULES.exists():
                continue
            texts = [path.read_text() for path in folder.iterdir() if path.name.upper().startswith("LICEN")]
            assert any(MIT_TEXT.search(text) for text in texts), (name, package["license"])
