"""Between a tracker and the collector: refuses the first requests, loses an answer, and remembers every event."""

import gzip
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

Fault = int | Literal["lost"]
_ID_NAMES = ("messageId", "eid", "event_id")
_GZIP = b"\x1f\x8b"
_LIMIT_S = 30


class Proxy(ThreadingHTTPServer):
    """Passes requests on to `upstream`, after the faults: a status to answer with, or `lost`, an answer that gets lost.

    `sent` are the ids of each request with events, in order of arrival; `taken` those of which the tracker knows that
    they were taken; `statuses` what the collector itself answered.
    """

    daemon_threads = True

    def __init__(self, upstream: str, faults: Sequence[Fault]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(upstream)
        self.faults = list(faults)
        self.lock = threading.Lock()
        self.sent: list[list[str]] = []
        self.taken: set[str] = set()
        self.statuses: list[int] = []
        self.host = f"127.0.0.1:{self.server_address[1]}"

    def next_fault(self, ids: list[str]) -> Fault | None:
        """Note a request with events, and say what is to become of it."""
        with self.lock:
            self.sent.append(ids)
            return self.faults.pop(0) if self.faults else None


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_OPTIONS(self) -> None:
        self._handle()

    def log_message(self, *words: object) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        assert "transfer-encoding" not in self.headers
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        ids = event_ids(self.path, body)
        fault = self.server.next_fault(ids) if ids else None
        if isinstance(fault, int):
            self._answer(fault, [], b"")
            return
        status, headers, answer = self._passed_on(body)
        self.server.statuses.append(status)
        if fault == "lost":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._answer(status, headers, answer)
        if status < 300:
            self.server.taken.update(ids)

    def _passed_on(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection(self.server.upstream.netloc, timeout=_LIMIT_S)
        try:
            upstream.request(self.command, self.path, body or None, dict(self.headers.items()))
            reply = upstream.getresponse()
            return reply.status, reply.getheaders(), reply.read()
        finally:
            upstream.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "date", "server", "transfer-encoding"):
                self.send_header(name, value)
        if not headers and "origin" in self.headers:
            self.send_header("access-control-allow-origin", self.headers["origin"])
            self.send_header("access-control-allow-credentials", "true")
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def event_ids(path: str, body: bytes) -> list[str]:
    """The ids of the events in a request, as the trackers name them; read without the collector's help."""
    query = dict(parse_qsl(urlsplit(path).query))
    if not body:
        return [query["eid"]] if "eid" in query else []
    text = gzip.decompress(body) if body.startswith(_GZIP) else body
    return list(_found(json.loads(text)))


def _found(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _found(each)
    elif isinstance(value, dict):
        named = [value[name] for name in _ID_NAMES if name in value]
        yield from map(str, named)
        for inner in () if named else value.values():
            yield from _found(inner)


@contextmanager
def faulty_proxy(upstream: str, faults: Sequence[Fault]) -> Iterator[Proxy]:
    """Serve until the end of the block."""
    with Proxy(upstream, faults) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
