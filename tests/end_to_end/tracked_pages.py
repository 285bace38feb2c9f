"""Pages with the browser tracker on them, and what a test does there."""

from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end import chromium
from tests.end_to_end.chromium import Page

ROOT = Path(__file__).parents[2]
ESBUILD = ROOT / "node_modules/.bin/esbuild"
PAGE = """<!doctype html><html lang="en"><head><title>{title}</title>
<script src="/clickstream.min.js" data-url="/v1/events" data-app="shop" {options}></script></head>
<body><h1>{title}</h1><button id="buy">Buy</button>
<a href="/second.html" data-track="to second"><b>go</b></a><p>text</p></body></html>"""
STORED = "Object.keys(localStorage).filter(key => key.startsWith('clickstream.'))"
CLICK = "document.querySelector('{}').click()"

needs_tracker = pytest.mark.skipif(not ESBUILD.exists(), reason="esbuild is not installed: make setup")
needs_browser = pytest.mark.skipif(not chromium.PROGRAM, reason="there is no Chromium on this machine")


def pages(script: str) -> dict[str, str]:
    """Pages with the tracker: where consent is given by the page, and where it is not."""
    granted, asked = 'data-consent="granted"', ""
    return {
        "/clickstream.min.js": script,
        "/first.html": PAGE.format(title="First", options=granted),
        "/second.html": PAGE.format(title="Second", options=granted),
        "/asks.html": PAGE.format(title="Asks", options=asked),
        "/none.html": "<!doctype html><title>no tracker</title>",
    }


def open_page(browser: Page, url: str) -> None:
    """Open a page as a person does on a large screen."""
    browser.show(url, 1280, "light")


def types(events: list[dict[str, Any]]) -> list[str]:
    """The types in order."""
    return [event["event_type"] for event in events]
