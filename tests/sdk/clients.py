"""The trackers of others, as a team uses them: the snippet of docs/trackers.md, then some more calls."""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end import chromium
from tests.end_to_end.recorded_site import recorded_site

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent
PYTHON = ROOT / ".build/sdk/bin/python"
NODE_MODULES = FOLDER / "node_modules"
NODE = ROOT / ".venv/bin/node"
ESBUILD = ROOT / "node_modules/.bin/esbuild"
PAGE = "/p/1?utm_source=news&utm_campaign=c1&gclid=abc"
_DOCS = (ROOT / "docs/trackers.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
_HTML = '<!doctype html><html lang="en"><head><title>P1</title></head><body><script src="/bundle.js"></script>'


@dataclass(frozen=True, slots=True)
class Client:
    """A tracker: its name, the package that its snippet imports, and which kind of program it runs in."""

    name: str
    package: str
    kind: str

    @property
    def missing(self) -> str:
        """What must be installed before it can run; empty if nothing."""
        if self.kind == "python":
            return "" if PYTHON.exists() else "trackers of others are not installed: make sdk"
        if not NODE_MODULES.exists() or not ESBUILD.exists():
            return "trackers of others are not installed: make sdk"
        return "" if self.kind == "node" or chromium.PROGRAM else "there is no Chromium on this machine"

    def program(self, host: str) -> str:
        """The snippet of the page, pointed at this host, and the further calls."""
        wanted = "python" if self.kind == "python" else "js"
        snippets = [text for language, text in _BLOCK.findall(_DOCS) if language == wanted and self.package in text]
        snippet: str
        (snippet,) = snippets
        snippet = snippet.replace("https://collect.example.com", f"http://{host}").replace("collect.example.com", host)
        ending = {"python": "py", "node": "mjs", "browser": "js"}[self.kind]
        more = (FOLDER / "drivers" / f"{self.name}.{ending}").read_text(encoding="utf-8")
        return snippet.replace('protocol: "https"', 'protocol: "http"') + "\n" + more

    @contextmanager
    def running(self, host: str, folder: Path) -> Iterator[None]:
        """Run it, sending to this host, until the end of the block."""
        with _RUNNERS[self.kind](self.program(host), folder):
            yield


CLIENTS = (
    Client("segment_browser", "@segment/analytics-next", "browser"),
    Client("segment_node", "@segment/analytics-node", "node"),
    Client("segment_python", "segment.analytics", "python"),
    Client("rudder_node", "@rudderstack/rudder-sdk-node", "node"),
    Client("rudder_python", "rudderstack.analytics", "python"),
    Client("snowplow_browser", "@snowplow/browser-tracker", "browser"),
    Client("snowplow_node", "@snowplow/node-tracker", "node"),
    Client("snowplow_python", "snowplow_tracker", "python"),
    Client("aws_browser", "@aws/clickstream-web", "browser"),
)


@contextmanager
def _process(words: list[str], folder: Path) -> Iterator[None]:
    """A program until the end of the block; one that ended with an error by itself fails the test."""
    with (folder / "log").open("wb") as log, subprocess.Popen(words, cwd=folder, stdout=log, stderr=log) as process:
        try:
            yield
            assert not process.poll(), (folder / "log").read_text()
        finally:
            process.kill()


@contextmanager
def _python(program: str, folder: Path) -> Iterator[None]:
    # What is sent again is sent by threads, as long as the program runs.
    (folder / "program.py").write_text(f"{program}\nimport time\ntime.sleep(600)\n", encoding="utf-8")
    with _process([str(PYTHON), "program.py"], folder):
        yield


@contextmanager
def _node(program: str, folder: Path) -> Iterator[None]:
    (folder / "node_modules").symlink_to(NODE_MODULES)
    (folder / "program.mjs").write_text(f"{program}\nsetInterval(() => {{}}, 1000);\n", encoding="utf-8")
    with _process([str(NODE) if NODE.exists() else "node", "program.mjs"], folder):
        yield


@contextmanager
def _browser(program: str, folder: Path) -> Iterator[None]:
    """A page of another site than the collector, with the tracker bundled as teams bundle it."""
    (folder / "node_modules").symlink_to(NODE_MODULES)
    (folder / "program.js").write_text(program, encoding="utf-8")
    options = ["--bundle", "--outfile=bundle.js", "--log-level=error", "--define:global=window"]
    subprocess.run([str(ESBUILD), "program.js", *options], cwd=folder, check=True)
    bundle = (folder / "bundle.js").read_text(encoding="utf-8")
    with (
        recorded_site({"/p/1": _HTML, "/bundle.js": bundle}) as site,
        chromium.opened(folder / "profile") as page,
    ):
        page.show(f"{site.url}{PAGE}", 1280, "light")
        yield


_RUNNERS: dict[str, Callable[[str, Path], AbstractContextManager[None]]] = {
    "python": _python,
    "node": _node,
    "browser": _browser,
}
