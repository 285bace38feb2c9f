"""HTTP on the wire → the event of payload format 2.0, and the handler's answer → HTTP."""

import gzip
import http.client
import json
import socket
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Thread
from typing import Any

import pytest

from local_aws.function_worker import MAX_BODY_BYTES, Connection, Container, Received, Server, event_of

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


class Function:
    """Keeps the events that it is given and answers what it is told."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.answer: Any = {"statusCode": 200, "body": "ok"}

    def __call__(self, event: dict[str, Any], context: Any) -> Any:
        """One invocation."""
        assert 0 < context.get_remaining_time_in_millis() <= 15_000
        self.events.append(event)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def function() -> Function:
    """A function."""
    return Function()


@pytest.fixture
def port(function: Function) -> Iterator[int]:
    """Where it is served."""
    shared = socket.socket()
    shared.bind(("127.0.0.1", 0))
    container = Container(function, "f", 15)
    with Server(shared, type("Served", (Connection,), {"container": container})) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield shared.getsockname()[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def client(port: int) -> Iterator[http.client.HTTPConnection]:
    """A connection that stays."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    yield connection
    connection.close()


def raw(port: int, sent: bytes) -> bytes:
    """What comes back until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def received(**changes: Any) -> Received:
    """A request off the wire."""
    sent = {"method": "POST", "target": "/a%20b?x=%20&x=2", "protocol": "HTTP/1.1", "headers": (), "body": b""}
    return Received(**{**sent, "source_ip": "127.0.0.1", **changes})


def test_the_event_says_what_was_sent() -> None:
    """Path decoded, query as it was, names in lower case, many values joined, cookies in a list of their own."""
    headers = (("Host", "h"), ("X-Two", "1"), ("x-two", "2"), ("Cookie", "a=1; b=2"), ("Content-Type", "text/plain"))
    event = event_of(received(headers=headers, body="é".encode()), NOON)
    assert (event["rawPath"], event["rawQueryString"]) == ("/a b", "x=%20&x=2")
    assert event["headers"] == {"host": "h", "x-two": "1,2", "content-type": "text/plain"}
    assert event["cookies"] == ["a=1", "b=2"]
    assert (event["body"], event["isBase64Encoded"]) == ("é", False)
    assert event["requestContext"]["timeEpoch"] == int(NOON.timestamp() * 1000)


@pytest.mark.parametrize(
    "headers", [(), (("content-type", "application/x-www-form-urlencoded"),), (("content-encoding", "gzip"),)]
)
def test_what_may_be_no_text_comes_as_base64(headers: tuple[tuple[str, str], ...]) -> None:
    """A body without a type of text, a form, and a compressed one."""
    event = event_of(received(headers=headers, body=b"a=1"), NOON)
    assert (b64decode(event["body"]), event["isBase64Encoded"]) == (b"a=1", True)


def test_bytes_under_a_type_of_text_come_as_base64() -> None:
    """Browsers send compressed bodies as text/plain, so that nobody asks first."""
    sent = gzip.compress(b"{}")
    event = event_of(received(headers=(("content-type", "text/plain"),), body=sent), NOON)
    assert b64decode(event["body"]) == sent


def test_a_connection_stays_open(function: Function, client: http.client.HTTPConnection) -> None:
    """Requests follow each other on one connection; HEAD has no body."""
    for method, body in (("POST", b"x"), ("HEAD", b""), ("OPTIONS", b""), ("GET", b"")):
        client.request(method, "/", body=body or None)
        answer = client.getresponse()
        assert (answer.status, answer.read()) == (200, b"" if method == "HEAD" else b"ok")
    assert [event["requestContext"]["http"]["method"] for event in function.events] == [
        "POST",
        "HEAD",
        "OPTIONS",
        "GET",
    ]


def test_chunks_are_put_together(function: Function, client: http.client.HTTPConnection) -> None:
    """A body in chunks arrives whole, and the next request on the connection is found."""
    for _ in range(2):
        client.request("POST", "/", body=iter([b"one", b"two" * 1_000]), encode_chunked=True)
        assert client.getresponse().read() == b"ok"
    bodies = {b64decode(event["body"]) for event in function.events}
    assert bodies == {b"one" + b"two" * 1_000}
    assert "transfer-encoding" not in function.events[0]["headers"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1), 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % (MAX_BODY_BYTES + 1), 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\ncut", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 11_000 + b"\r\n\r\n", 431),
    ],
)
def test_what_no_gateway_lets_through_is_refused(function: Function, port: int, sent: bytes, status: int) -> None:
    """Too long, cut off or ambiguous: an answer, the end of the connection, and no invocation."""
    assert raw(port, sent).startswith(b"HTTP/1.1 %d " % status)
    assert not function.events


@pytest.mark.parametrize(
    ("answer", "status"), [(ValueError("broken"), 500), (None, 502), ({"statusCode": "200"}, 502), ("text", 502)]
)
def test_a_broken_function_is_an_error(
    function: Function, client: http.client.HTTPConnection, answer: Any, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """An exception is a 500 and in the log, an answer that is none a 502."""
    function.answer = answer
    client.request("GET", "/")
    assert client.getresponse().status == status
    assert ("broken" in capsys.readouterr().err) == (status == 500)


def test_the_answer_goes_out_as_it_is(function: Function, client: http.client.HTTPConnection) -> None:
    """Status, headers, cookies and a body that is no text."""
    function.answer = {
        "statusCode": 201, "headers": {"x": "1"}, "cookies": ["a=1", "b=2"], "body": "/9g=", "isBase64Encoded": True,
    }  # fmt: skip
    client.request("GET", "/")
    answer = client.getresponse()
    assert (answer.status, answer.read(), answer.getheader("x")) == (201, b"\xff\xd8", "1")
    assert answer.headers.get_all("set-cookie") == ["a=1", "b=2"]


def test_no_content_has_no_length(function: Function, client: http.client.HTTPConnection) -> None:
    """A 204, as preflights get it, ends with its headers."""
    function.answer = {"statusCode": 204}
    client.request("OPTIONS", "/")
    answer = client.getresponse()
    assert (answer.read(), answer.getheader("content-length")) == (b"", None)


def test_the_event_has_been_through_json(function: Function, client: http.client.HTTPConnection) -> None:
    """What the function is given is what Lambda could have given it."""
    client.request("POST", "/p", body="é".encode(), headers={"content-type": "application/json"})
    client.getresponse().read()
    (event,) = function.events
    assert json.loads(json.dumps(event)) == event
    assert (event["body"], event["rawPath"]) == ("é", "/p")
