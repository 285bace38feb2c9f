"""The report page and the live page as a browser shows them: nothing asked of others, nothing cut off, all readable."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from batch_jobs.live.server import LiveServer
from batch_jobs.live.watch import Watch
from batch_jobs.reports.page import render
from tests.end_to_end import chromium
from tests.end_to_end.chromium import Page
from tests.unit.live_tables_filled import NOW, filled
from tests.unit.report_facts import ROWS, facts, met, moved, stayed

pytestmark = pytest.mark.skipif(not chromium.PROGRAM, reason="there is no Chromium on this machine")
DAYS = range(1, 16)
LONG = f"/{'a-very-long-address/' * 8}"
MANY: dict[str, list[dict[str, Any]]] = {
    "retention": [stayed(day, late, 1000, 100 + late) for day in DAYS for late in range(16 - day)],
    "new_returning": [met(day, kind, 1000) for day in DAYS for kind in ("new", "returning")],
    "lifecycle": [moved(day, 1000, 900, 800, 700) for day in DAYS],
    "top_pages": [ROWS["top_pages"][0] | {"page_path": LONG}],
    "paths": [ROWS["paths"][0] | {"page_path": LONG, "next_page": LONG}],
}
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")
CONTRAST = """
(() => {
  const dot = Object.assign(document.createElement("canvas"), {width: 1, height: 1});
  const canvas = dot.getContext("2d", {willReadFrequently: true});
  const over = (colour, [r, g, b]) => {
    canvas.fillStyle = `rgb(${r}, ${g}, ${b})`; canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const channel = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = node => {
    const below = node.parentElement ? ground(node.parentElement) : [255, 255, 255];
    const own = over(getComputedStyle(node).backgroundColor, below);
    if (!node.classList.contains("heat")) return own;
    const before = getComputedStyle(node, "::before");
    const [r, g, b] = before.backgroundColor.match(/\\d+/g);
    return over(`rgba(${r}, ${g}, ${b}, ${before.opacity})`, own);
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !node.checkVisibility() || node.closest("title")) continue;
    const style = getComputedStyle(node), below = ground(node);
    const ink = over(node.closest("svg") ? style.fill : style.color, below);
    const [high, low] = [light(ink), light(below)].sort((a, b) => b - a);
    found.push([(high + 0.05) / (low + 0.05), texts.currentNode.data.slice(0, 40)]);
  }
  return found.sort((a, b) => a[0] - b[0])[0];
})()
"""
"""The text with the least contrast to what is behind it, by the formula of WCAG 2."""
WIDEST = """
[...document.querySelectorAll("main *, header *, footer *")].filter(node => {
  const box = node.getBoundingClientRect();
  return box.width && (box.right > innerWidth + 0.5 || box.left < -0.5);
}).map(node => node.outerHTML.slice(0, 80))
"""
"""What sticks out of the window, though it may be scrolled to."""
OUTLINE = "[...document.querySelectorAll('h1, h2, h3, h4')].map(node => Number(node.tagName[1]))"
UNNAMED = """
[...document.querySelectorAll("table:not(:has(> caption)), th:not([scope]), svg[role=img]:not(:has(> title))")]
  .map(node => node.outerHTML.slice(0, 80))
"""
OPEN = "document.querySelectorAll('details').forEach(node => node.open = true)"
FOCUS = """
(() => { const style = getComputedStyle(document.activeElement);
  return [document.activeElement.tagName, style.outlineStyle, parseFloat(style.outlineWidth)]; })()
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One tab for all."""
    with chromium.opened(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def live() -> Iterator[str]:
    """The live page of a minute with a session and an anomaly, which asks for itself every second."""
    with LiveServer(Watch(filled()[0], lambda: NOW, timedelta(seconds=1)), "shop") as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.url
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def addresses(live: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A report of a day, one of many days with long names, one of nothing, and the live page."""
    folder = tmp_path_factory.mktemp("pages")
    pages = {"day": facts(), "many": facts(rows=ROWS | MANY), "empty": facts(rows={})}
    for name, made in pages.items():
        (folder / f"{name}.html").write_text(render(made), encoding="utf-8", errors="replace")
    return {name: (folder / f"{name}.html").as_uri() for name in pages} | {"live": live}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["day", "many", "empty", "live"])
def test_page_is_whole(browser: Page, addresses: dict[str, str], name: str, width: int, scheme: str) -> None:
    """No error, no request but for the page itself, nothing outside the window, and contrast of AA."""
    browser.show(addresses[name], width, scheme)
    browser.value(OPEN)
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value(WIDEST) == []
    least, text = browser.value(CONTRAST)
    assert least >= 4.5, text
    said = browser.told("Log.entryAdded") + browser.told("Runtime.exceptionThrown")
    assert [entry for entry in said if entry.get("entry", {}).get("level") != "verbose"] == []
    asked = {request["request"]["url"] for request in browser.told("Network.requestWillBeSent")}
    assert {url for url in asked if not url.startswith(addresses[name])} <= {f"{addresses['live']}favicon.ico"}


@pytest.mark.parametrize("name", ["day", "live"])
def test_page_can_be_read_out(browser: Page, addresses: dict[str, str], name: str) -> None:
    """Headings go down by one at most, tables have captions and their headings a scope, charts have titles."""
    browser.show(addresses[name], 1280, "light")
    levels = browser.value(OUTLINE)
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert levels.count(1) == 1
    assert browser.value(UNNAMED) == []
    assert browser.value("document.documentElement.lang") == "en"


def test_keyboard_shows_where_it_is(browser: Page, addresses: dict[str, str]) -> None:
    """Tab goes to the first link, then further, each with an outline."""
    browser.show(addresses["day"], 1280, "light")
    stops = browser.value("document.querySelectorAll('a, summary').length")
    assert stops > 20
    for _ in range(stops):
        browser.call("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
        name, style, width = browser.value(FOCUS)
        assert (name in {"A", "SUMMARY"}, style, width >= 2) == (True, "solid", True)


def test_live_page_refreshes_itself(browser: Page, addresses: dict[str, str]) -> None:
    """Without the reader's doing it asks again and swaps the parts that changed."""
    browser.show(addresses["live"], 1280, "light")
    browser.value("document.getElementById('as-of').innerHTML = 'old'")
    text = browser.value(
        "new Promise(done => { const look = setInterval(() => {"
        " const text = document.getElementById('as-of').textContent;"
        " if (text !== 'old') { clearInterval(look); done(text); } }, 50); })"
    )
    assert text.startswith("Stack shop, as of 20")
