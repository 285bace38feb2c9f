"""A server that speaks Trino's protocol of statements with answers that are given beforehand; it runs no SQL."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Page = dict[str, Any] | int
"""One answer, or the status of a refusal."""


@dataclass
class FakeTrino:
    """What the server says, and what it was asked.

    Attributes:
        pages: Answers to each statement after the first, which only names them.
        statements: The texts that were posted.
        headers: Those of each request.
    """

    pages: dict[str, list[Page]] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


@contextmanager
def answering(pages: dict[str, list[Page]]) -> Iterator[FakeTrino]:
    """Serve until the end of the block; statements are told apart by their text."""
    fake = FakeTrino(pages)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": fake}))
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Statements are posted to /v1/statement; their pages lie at /v1/statement/executing/<number>/<token>."""

    fake: FakeTrino

    def do_POST(self) -> None:
        sql = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.fake.statements.append(sql)
        self._answer({"id": "q", "stats": {"state": "QUEUED"}}, len(self.fake.statements) - 1, 0)

    def do_GET(self) -> None:
        number, token = map(int, self.path.split("/")[-2:])
        pages = self.fake.pages[self.fake.statements[number]]
        page = pages[token]
        if isinstance(page, int):  # busy once, then it goes on
            pages.pop(token)
            self.send_response(page)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._answer(page, number, token + 1)

    def _answer(self, page: dict[str, Any], number: int, token: int) -> None:
        self.fake.headers.append(dict(self.headers.items()))
        pages = self.fake.pages[self.fake.statements[number]]
        following = (
            {"nextUri": f"{self.fake.url}/v1/statement/executing/{number}/{token}"} if token < len(pages) else {}
        )
        body = json.dumps({**page, **following}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives it
        """Say nothing."""
