"""A request as Lambda is given it, and the answer as Lambda has to return it.

HTTP APIs and function URLs speak payload format 2.0, REST APIs the older 1.0:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from clickstream.collecting.answers import Answer
from clickstream.collecting.requests import Request

_SET_COOKIE = "set-cookie"


def request_of(event: Mapping[str, Any]) -> Request:
    """The request of an invocation of either format."""
    return _request_2(event) if event.get("version") == "2.0" else _request_1(event)


def response_of(answer: Answer, event: Mapping[str, Any]) -> dict[str, Any]:
    """What the function returns, in the format of the invocation. A body that is no text travels as base64."""
    headers = {name: value for name, value in answer.headers.items() if name.lower() != _SET_COOKIE}
    cookies = [value for name, value in answer.headers.items() if name.lower() == _SET_COOKIE]
    response: dict[str, Any] = {"statusCode": answer.status, "headers": headers, **_body_of(answer.body)}
    if event.get("version") == "2.0":
        return response | ({"cookies": cookies} if cookies else {})
    return response | ({"multiValueHeaders": {_SET_COOKIE: cookies}} if cookies else {})


def _request_2(event: Mapping[str, Any]) -> Request:
    context = event["requestContext"]
    # Several headers of one name arrive joined by commas; cookies have a list of their own.
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    if cookies := event.get("cookies"):
        headers["cookie"] = "; ".join(cookies)
    return Request(
        method=context["http"]["method"],
        path=event.get("rawPath") or "/",
        query=tuple(parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True)),
        headers=headers,
        body=_bytes(event),
        source_ip=context["http"].get("sourceIp") or "",
        received_time=_time(context["timeEpoch"]),
    )


def _request_1(event: Mapping[str, Any]) -> Request:
    context = event["requestContext"]
    lists: Mapping[str, Sequence[str]] = event.get("multiValueHeaders") or {}
    query: Mapping[str, Sequence[str]] = event.get("multiValueQueryStringParameters") or {}
    return Request(
        method=event["httpMethod"],
        path=event.get("path") or "/",
        query=tuple((name, value) for name, values in query.items() for value in values),
        headers={name.lower(): _joined(name, values) for name, values in lists.items()},
        body=_bytes(event),
        source_ip=context.get("identity", {}).get("sourceIp") or "",
        received_time=_time(context["requestTimeEpoch"]),
    )


def _joined(name: str, values: Sequence[str]) -> str:
    return ("; " if name.lower() == "cookie" else ",").join(values)


def _bytes(event: Mapping[str, Any]) -> bytes:
    """The body as it was sent. Text that is no UTF-8 came in as lone surrogates, and goes on as what it is: broken."""
    body: str = event.get("body") or ""
    return b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass")


def _time(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)


def _body_of(body: bytes) -> dict[str, Any]:
    try:
        return {"body": body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": b64encode(body).decode(), "isBase64Encoded": True}
