"""The live page over HTTP, for this machine alone."""

import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from batch_jobs.live.page import render
from batch_jobs.live.record import record
from batch_jobs.live.script import POLICY
from batch_jobs.live.watch import Watch

_HOST = "127.0.0.1"


class LiveServer(ThreadingHTTPServer):
    """Answers `/` with the page and `/state.json` with its numbers. Raises OSError if the port is taken.

    Args:
        watch: Where the numbers come from.
        stack: What the page calls them.
        port: 0 for any that is free.
    """

    daemon_threads = True

    def __init__(self, watch: Watch, stack: str, port: int = 0) -> None:
        super().__init__((_HOST, port), _Handler)
        self.watch, self.stack = watch, stack

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{_HOST}:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: LiveServer
    timeout = 30

    def do_GET(self) -> None:
        if not self._is_addressed():
            self.send_error(HTTPStatus.FORBIDDEN, "Ask for 127.0.0.1 or localhost")
        elif self.path == "/":
            page = render(self.server.watch.snapshot(), self.server.stack, self.server.watch.every)
            self._answer("text/html; charset=utf-8", page)
        elif self.path == "/state.json":
            self._answer("application/json", json.dumps(record(self.server.watch.snapshot())))
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the base class
        """Nothing: a line for every refresh of every tab would bury what the command says."""

    def _is_addressed(self) -> bool:
        """Whether the browser means this server: a foreign name that resolves to this machine must not read it."""
        name = self.headers.get("Host", "").partition(":")[0]
        return name in {_HOST, "localhost"}

    def _answer(self, kind: str, text: str) -> None:
        body = text.encode(errors="replace")
        self.send_response(HTTPStatus.OK)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
