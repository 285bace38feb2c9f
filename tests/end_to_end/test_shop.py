"""The example shop: somebody clicks through it, and the clicks are in the live counters and in the lake."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import awswrangler as wr
import boto3
import pytest

from local_aws.state import PROJECT_FOLDER, StateFolder
from tests.end_to_end import chromium
from tests.end_to_end.chromium import Page
from tests.end_to_end.started_platform import command

pytestmark = pytest.mark.skipif(not chromium.PROGRAM, reason="there is no Chromium on this machine")
STACK = ("--stack", "clickstream-local")
LIMIT_S = 60
ARRIVED_S = 1.0
"""Longer than the tracker waits for company, and than the next page takes to load."""
CLICKED = Counter(
    {
        "page_view": 5, "view_item_list": 2, "view_item": 1, "add_to_cart": 1, "begin_checkout": 1, "purchase": 1,
        "click": 7,
    }
)  # fmt: skip
"""What the walk below makes: seven clicks on links and buttons, five pages."""


@pytest.fixture
def state(
    collecting_platform: tuple[StateFolder, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> tuple[StateFolder, str]:
    """The platform, and the address of its collector; the environment names them."""
    state, environment = collecting_platform
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return state, environment["COLLECTOR_URL"]


@contextmanager
def open_shop(folder: Path) -> Iterator[tuple[str, str]]:
    """The shop while it is open: its address and that of the live page. Ctrl-C ends it, and nobody is left."""
    subprocess.run(["make", "-s", "tracker", f"OUT={folder}"], cwd=PROJECT_FOLDER, check=True)
    words = [sys.executable, "-m", "examples.shop", *STACK, "--tracker", str(folder / "clickstream.min.js")]
    with subprocess.Popen(words, cwd=PROJECT_FOLDER, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            shop, live = re.findall(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
            yield shop, live
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130


def walk(browser: Page, shop: str) -> None:
    """Agree, look at a plant, put it into the cart, and order it."""
    browser.show(f"{shop}?utm_source=letter&utm_campaign=spring", 1280, "light")
    for step in ("#agree", ".card:nth-child(2) a", "#add", ".product a", "#checkout"):
        browser.value(f"document.querySelector('{step}').click()")
        time.sleep(ARRIVED_S)
    browser.value("document.querySelectorAll('input').forEach(input => { input.value = 'x' })")
    browser.value("document.querySelector('#order').click()")
    time.sleep(ARRIVED_S)
    browser.value("document.querySelector('main .button').click()")
    time.sleep(ARRIVED_S)
    assert browser.told("Runtime.exceptionThrown") == []


def counted(live: str) -> int:
    """Events of the last hour, as the live page has them."""
    with urlopen(f"{live}state.json") as reply:  # noqa: S310  our own server
        return int(json.load(reply)["hour"]["events"])


def test_clicks_are_counted_and_kept(state: tuple[StateFolder, str], tmp_path: Path) -> None:
    """From the list to an order: each click is counted live within seconds, and is one row of one visitor."""
    with open_shop(tmp_path) as (shop, live), chromium.opened(tmp_path / "profile") as browser:
        before = counted(live)
        walk(browser, shop)
        deadline = time.monotonic() + LIMIT_S
        while counted(live) < before + CLICKED.total():
            assert time.monotonic() < deadline, counted(live) - before
            time.sleep(0.5)
    for address in (shop, live):
        with pytest.raises(OSError, match="refused"):
            urlopen(address)  # noqa: S310  our own server, gone
    command("local_aws", "wait", "--state", state[0].root)
    command("batch_jobs.run_steps", "--steps", "open_partitions,compact_events", *STACK, "--include-open")
    port = shop.split(":")[2].strip("/")
    sql = f"SELECT * FROM raw_events WHERE page_url LIKE '%:{port}/%'"  # noqa: S608  our own number
    rows = wr.athena.read_sql_query(sql, database="clickstream_local", workgroup="clickstream-local")
    assert Counter(rows["event_type"]) == CLICKED
    (order,) = rows[rows["event_type"] == "purchase"].to_dict("records")
    assert (str(order["revenue"]), order["currency"], order["app_id"]) == ("7.50", "EUR", "shop")
    known = rows[rows["consent"]]
    assert known["session_id"].nunique() == known["anonymous_id"].nunique() == 1
    assert rows[~rows["consent"]]["session_id"].isna().all()


def test_the_shop_says_what_is_missing(tmp_path: Path) -> None:
    """Without a collector, or without the built tracker, one sentence says what to run."""
    environment = {name: value for name, value in os.environ.items() if name != "COLLECTOR_URL"}
    for more, sentence in (({}, "make up"), ({"COLLECTOR_URL": "http://127.0.0.1:9"}, "make tracker")):
        words = [sys.executable, "-m", "examples.shop", "--tracker", str(tmp_path / "none.js")]
        result = subprocess.run(
            words, cwd=PROJECT_FOLDER, env=environment | more, capture_output=True, text=True, check=False
        )
        assert (result.returncode, sentence in result.stderr) == (1, True)
