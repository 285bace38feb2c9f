"""A small site on this machine that also takes events: it records what browsers send and answers as it is told."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LIMIT_S = 20
_TYPES = {"js": "text/javascript", "html": "text/html; charset=utf-8"}


class Site(ThreadingHTTPServer):
    """Serves `files` by path, and records requests to `/v1/events`.

    `answers` holds the statuses to come, one a request; then 200. `requests` are method, headers, body of each.
    """

    daemon_threads = True

    def __init__(self, files: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.answers: list[int] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def sent(self) -> list[dict[str, Any]]:
        """Every event that was sent, resends included, in order of arrival."""
        bodies = [body for method, _, body in self.requests if method == "POST"]
        return [json.loads(line) for body in bodies for line in body.splitlines()]

    def wait_for(self, count: int, event_type: str = "") -> list[dict[str, Any]]:
        """Wait until so many events, of this type if one is named, were sent; all of them. Fails after a while."""
        deadline = time.monotonic() + LIMIT_S
        while sum(event_type in ("", event["event_type"]) for event in self.sent()) < count:
            assert time.monotonic() < deadline, self.sent()
            time.sleep(0.02)
        return self.sent()

    def wait_for_requests(self, count: int) -> None:
        """Wait until so many requests with events came. Fails after a while."""
        deadline = time.monotonic() + LIMIT_S
        while len(self.requests) < count:
            assert time.monotonic() < deadline, self.requests
            time.sleep(0.02)


class _Handler(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        body = self.server.files.get(path, "")
        self._answer(200 if body else 404, body.encode(), _TYPES.get(path.rpartition(".")[2], _TYPES["html"]))

    def do_POST(self) -> None:
        self._record("POST")

    def do_OPTIONS(self) -> None:
        self._record("OPTIONS")

    def log_message(self, *words: object) -> None:
        """Say nothing."""

    def _record(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        status = self.server.answers.pop(0) if self.server.answers else 200
        self.server.requests.append((method, {name.lower(): value for name, value in self.headers.items()}, body))
        self._answer(status, b"{}", "application/json")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("access-control-allow-origin", "*")
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def recorded_site(files: Mapping[str, str]) -> Iterator[Site]:
    """Serve until the end of the block."""
    with Site(files) as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            site.shutdown()
            thread.join()
