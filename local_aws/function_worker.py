"""One container of a function behind HTTP: takes connections, invokes the handler, answers.

It is run as a file by the emulator's interpreter, which has what the Lambda runtime has, and uses the standard library
only. Invocations come one after the other, as in a container of Lambda; several of these processes share one socket.
"""

import importlib
import json
import os
import socket
import sys
import time
import uuid
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import unquote

MAX_BODY_BYTES = 6 * 1024 * 1024
"""Of a synchronous invocation. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
MAX_HEADER_BYTES = 10_240
"""Request line and headers of an HTTP API. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""
IDLE_S = 60.0
_TEXT = ("text/", "application/json", "application/javascript", "application/xml")
_HEX = b"0123456789abcdefABCDEF"
_NO_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}

Handler = Callable[[dict[str, Any], Any], Any]


class Refused(Exception):  # noqa: N818  an answer, not a failure
    """A request that never reaches the function: status, and what to say."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Received:
    """One request off the wire; headers in order, names as sent."""

    method: str
    target: str
    protocol: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    source_ip: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler is told about its invocation, as far as handlers of Python ask for it."""

    function_name: str
    aws_request_id: str
    deadline_s: float
    memory_limit_in_mb: str = "1024"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function would be stopped."""
        return max(0, int((self.deadline_s - time.time()) * 1000))


def event_of(received: Received, now: datetime) -> dict[str, Any]:
    """The event of payload format 2.0, as a function URL and an HTTP API give it to a function."""
    path, _, query = received.target.partition("?")
    headers: dict[str, str] = {}
    for name, value in received.headers:
        lower = name.lower()
        headers[lower] = f"{headers[lower]},{value}" if lower in headers else value
    # Cookies have a list of their own, and how a body was transferred is no matter of the function.
    cookies = [part.strip() for part in headers.pop("cookie", "").split(";") if part.strip()]
    headers.pop("transfer-encoding", None)
    is_text = headers.get("content-type", "").lower().startswith(_TEXT) and "content-encoding" not in headers
    body = _as_text(received.body) if is_text else None
    http = {"method": received.method, "path": unquote(path), "protocol": received.protocol}
    http |= {"sourceIp": received.source_ip, "userAgent": headers.get("user-agent", "")}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": unquote(path),
        "rawQueryString": query,
        "headers": headers,
        **({"cookies": cookies} if cookies else {}),
        "requestContext": {
            "http": http,
            "requestId": uuid.uuid4().hex,
            "routeKey": "$default",
            "stage": "$default",
            "time": f"{now:%d/%b/%Y:%H:%M:%S +0000}",
            "timeEpoch": int(now.timestamp() * 1000),
        },
        **({"body": b64encode(received.body).decode() if body is None else body} if received.body else {}),
        "isBase64Encoded": bool(received.body) and body is None,
    }


def _as_text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def reply_of(result: Any) -> tuple[int, list[tuple[str, str]], bytes]:  # noqa: ANN401  whatever a handler returns
    """Status, headers and body of what the handler returned. Raises `Refused` (502) for what is no response."""
    if not isinstance(result, Mapping) or not isinstance(result.get("statusCode"), int):
        raise Refused(HTTPStatus.BAD_GATEWAY, "the function returned no response")
    headers = [(str(name), str(value)) for name, value in (result.get("headers") or {}).items()]
    headers += [("set-cookie", cookie) for cookie in result.get("cookies") or ()]
    body = result.get("body") or ""
    return result["statusCode"], headers, b64decode(body) if result.get("isBase64Encoded") else body.encode()


class Container:
    """The function of this process: imported once, one invocation at a time."""

    def __init__(self, handler: Handler, name: str, timeout_s: float) -> None:
        self._handler, self._name, self._timeout_s = handler, name, timeout_s
        self._lock = Lock()

    def invoke(self, event: dict[str, Any]) -> Any:  # noqa: ANN401  whatever a handler returns
        """Call the handler with an event that has been through JSON, as Lambda's has."""
        with self._lock:
            context = Context(self._name, event["requestContext"]["requestId"], time.time() + self._timeout_s)
            return self._handler(json.loads(json.dumps(event)), context)


class Connection(BaseHTTPRequestHandler):
    """One connection, kept open for more requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_S
    container: Container

    def handle_any(self) -> None:
        """Read the request, invoke, answer. What breaks in the function is a 500, as on AWS, and in the log."""
        try:
            received = self._received()
            status, headers, body = reply_of(self.container.invoke(event_of(received, datetime.now(UTC))))
        except Refused as refusal:
            # What is left of a request that nobody read must not be taken for the next one.
            self.close_connection = True
            status, headers = refusal.status, [("connection", "close")]
            body = json.dumps({"message": str(refusal)}).encode()
        except Exception as error:  # noqa: BLE001  the function's own, whatever it is
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            status, headers, body = HTTPStatus.INTERNAL_SERVER_ERROR, [], b'{"message":"Internal Server Error"}'
        self._answer(status, headers, body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = handle_any  # noqa: N815  BaseHTTPRequestHandler's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the signature of http.server
        """Nothing: addresses and query strings are personal data."""

    def _received(self) -> Received:
        headers = tuple(self.headers.items())
        if len(self.requestline) + sum(len(name) + len(value) + 4 for name, value in headers) > MAX_HEADER_BYTES:
            raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large")
        body = self._body()
        return Received(self.command, self.path, self.request_version, headers, body, self.client_address[0])

    def _body(self) -> bytes:
        lengths, coding = self.headers.get_all("content-length") or [], self.headers.get("transfer-encoding")
        is_chunked = coding is not None and coding.strip().lower() == "chunked" and not lengths
        is_measured = coding is None and len(set(lengths)) == 1 and lengths[0].isascii() and lengths[0].isdigit()
        if not (is_chunked or is_measured) and (lengths or coding is not None):
            raise Refused(HTTPStatus.BAD_REQUEST, "Bad Request")
        return self._chunks() if is_chunked else self._exactly(int(lengths[0]) if lengths else 0)

    def _chunks(self) -> bytes:
        parts: list[bytes] = []
        left = MAX_BODY_BYTES
        while size := self._chunk_size():
            parts.append(self._exactly(size, left))
            left -= size
            self.rfile.readline(3)
        while self.rfile.readline(MAX_HEADER_BYTES).strip():
            pass
        return b"".join(parts)

    def _chunk_size(self) -> int:
        word = self.rfile.readline(1_024).partition(b";")[0].strip()
        if not word or word.strip(_HEX):
            raise Refused(HTTPStatus.BAD_REQUEST, "Bad Request")
        return int(word, 16)

    def _exactly(self, size: int, most: int = MAX_BODY_BYTES) -> bytes:
        if size > most:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large")
        data: bytes = self.rfile.read(size)
        if len(data) < size:
            raise Refused(HTTPStatus.BAD_REQUEST, "Bad Request")
        return data

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if status not in _NO_BODY:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in _NO_BODY:
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Takes connections from a socket that was opened by the process that started this one."""

    daemon_threads = True

    def __init__(self, shared: socket.socket, connection: type[Connection]) -> None:
        super().__init__(shared.getsockname(), connection, bind_and_activate=False)
        self.socket.close()
        self.socket = shared
        self.server_address = shared.getsockname()
        self.socket.listen(512)


def _end_with_parent() -> None:
    """The process that started this one holds our standard input open for as long as it lives."""
    sys.stdin.buffer.read()
    os._exit(0)


def main(arguments: list[str]) -> int:
    """`<socket> <handler> <timeout in seconds> <folder>…`: serve `module.function` of the folders until stopped."""
    number, handler, timeout_s, *folders = arguments
    sys.path[:0] = folders
    module, _, name = handler.rpartition(".")
    function: Handler = getattr(importlib.import_module(module), name)
    container = Container(function, os.environ.get("AWS_LAMBDA_FUNCTION_NAME", module), float(timeout_s))
    Thread(target=_end_with_parent, daemon=True).start()
    connection = type("ConnectionOfFunction", (Connection,), {"container": container})
    print("ready", file=sys.stderr, flush=True)
    Server(socket.socket(fileno=int(number)), connection).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
