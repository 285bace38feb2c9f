"""Invocations of Lambda as requests, and answers as what Lambda returns."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from clickstream.collecting.answers import Answer
from clickstream.collecting.invocations import request_of, response_of

NOON_MS = 1_795_953_600_000
NEW: dict[str, Any] = {
    "version": "2.0",
    "rawPath": "/v1/batch",
    "rawQueryString": "a=1&b=&a=%C3%A9+2",
    "cookies": ["sp=1", "id=x"],
    "headers": {"Content-Type": "text/plain", "x-two": "1,2"},
    "requestContext": {"http": {"method": "POST", "sourceIp": "203.0.113.9"}, "timeEpoch": NOON_MS},
    "body": "é",
    "isBase64Encoded": False,
}
OLD: dict[str, Any] = {
    "httpMethod": "POST",
    "path": "/v1/batch",
    "multiValueQueryStringParameters": {"a": ["1", "é 2"], "b": [""]},
    "multiValueHeaders": {"Content-Type": ["text/plain"], "X-Two": ["1", "2"], "Cookie": ["sp=1", "id=x"]},
    "requestContext": {"identity": {"sourceIp": "203.0.113.9"}, "requestTimeEpoch": NOON_MS},
    "body": b64encode("é".encode()).decode(),
    "isBase64Encoded": True,
}


def test_both_formats_give_the_same_request() -> None:
    """A function URL, an HTTP API and a REST API tell the same of a request in two ways."""
    new, old = request_of(NEW), request_of(OLD)
    assert sorted(new.query) == sorted(old.query) == [("a", "1"), ("a", "é 2"), ("b", "")]
    assert new.query[0] == ("a", "1")
    assert new.headers == old.headers == {"content-type": "text/plain", "x-two": "1,2", "cookie": "sp=1; id=x"}
    assert new.body == old.body == "é".encode()
    assert (new.method, new.path, new.source_ip) == (old.method, old.path, old.source_ip)
    assert new.received_time == old.received_time == datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_bytes_arrive_as_sent() -> None:
    """A compressed body comes as base64 and is not touched."""
    sent = b"\x1f\x8b\x00\xff"
    request = request_of({**NEW, "body": b64encode(sent).decode(), "isBase64Encoded": True})
    assert request.body == sent


def test_a_bare_request_is_one() -> None:
    """No body, no query, no headers, no address: a request all the same."""
    context = {"http": {"method": "GET"}, "timeEpoch": NOON_MS}
    request = request_of({"version": "2.0", "requestContext": context})
    assert (request.body, request.query, request.headers, request.path, request.source_ip) == (b"", (), {}, "/", "")


def test_broken_text_does_not_break_us() -> None:
    """JSON can hold half of a character; its bytes go on and are refused where text is read."""
    assert request_of({**NEW, "body": "\ud800"}).body == b"\xed\xa0\x80"


def test_text_goes_back_as_text() -> None:
    """Status, headers and body are what the answer says."""
    response = response_of(Answer(200, {"content-type": "application/json"}, b"{}"), NEW)
    assert response == {
        "statusCode": 200, "headers": {"content-type": "application/json"}, "body": "{}", "isBase64Encoded": False,
    }  # fmt: skip


def test_an_image_goes_back_as_base64() -> None:
    """What is no text is encoded, and said to be."""
    response = response_of(Answer(200, {}, b"\xff\xd8"), OLD)
    assert (response["body"], response["isBase64Encoded"]) == ("/9g=", True)


def test_cookies_go_where_the_format_wants_them() -> None:
    """A list of their own, or a header of many values."""
    answer = Answer(200, {"Set-Cookie": "a=1", "vary": "Origin"})
    assert response_of(answer, NEW)["cookies"] == ["a=1"]
    assert response_of(answer, OLD)["multiValueHeaders"] == {"set-cookie": ["a=1"]}
    assert response_of(answer, NEW)["headers"] == {"vary": "Origin"}
