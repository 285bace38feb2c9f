"""Requests as a whole: what is inflated, what is refused, what the client is told."""

import gzip
import json
import tracemalloc
import zlib
from base64 import b64encode

import pytest

from clickstream.collecting.answers import refused_for_now, with_cors
from clickstream.collecting.collecting import collect
from clickstream.collecting.requests import Limits, Request
from clickstream.collecting.routes import PATHS
from tests.unit.captured import landed, request, sent

EVENT = b'{"event_type": "click", "event_id": "1"}'
SITE = "https://shop.example"


def status(found: Request, limits: Limits | None = None) -> int:
    """The answer to a request, which must be a success with events or a refusal without."""
    collected = collect(found, limits or Limits())
    assert collected.answer.is_success == bool(collected.events)
    said = json.loads(collected.answer.body)
    assert said["success"] == collected.answer.is_success
    return collected.answer.status


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        *((gzip.compress(EVENT), coding) for coding in ("gzip", "GZIP ", "", "identity")),
        (zlib.compress(EVENT), "deflate"),
        (gzip.compress(EVENT + b"\n") + gzip.compress(EVENT), "gzip"),
        *((EVENT, coding) for coding in ("gzip", "")),
    ],
)
def test_compression_is_told_by_the_bytes(body: bytes, coding: str) -> None:
    """Some clients do not say that they compressed, some proxies do not say that they no longer do."""
    assert status(request(body, content_encoding=coding)) == 200


@pytest.mark.parametrize(
    ("body", "coding", "expected"),
    [
        (gzip.compress(EVENT)[:-9], "gzip", 400),
        (gzip.compress(EVENT) + b"rest", "gzip", 400),
        (b"\x1f\x8b", "", 400),
        (EVENT, "br", 400),
        (b"", "", 400),
        (b" \n", "", 400),
        (b"\xff\xfe{", "", 400),
        (b"[" * 100_000, "", 400),
        (EVENT * 20_000, "", 413),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(body: bytes, coding: str, expected: int) -> None:
    """The client keeps it, or drops it; nothing of it is stored."""
    assert status(request(body, content_encoding=coding)) == expected


def test_a_bomb_is_stopped_while_it_is_inflated() -> None:
    """A gigabyte in a megabyte takes no more memory than the limit allows."""
    part = gzip.compress(b" " * (64 << 20), 9)
    tracemalloc.start()
    assert status(request(part * 16)) == 413
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20


def test_limits_are_the_operators() -> None:
    """An event too long is a bad event, too many or too much of them are refused."""
    limits = Limits(event_bytes=50, body_bytes=200, events=3)
    assert status(request(b"\n".join([EVENT] * 3)), limits) == 200
    assert status(request(b"\n".join([EVENT] * 4)), limits) == 413
    assert status(request(b" " * 201), limits) == 413
    assert status(request(b"", "/i?e=pv&url=" + "x" * 200, "GET"), limits) == 413
    found = collect(request(EVENT[:-1] + b', "x": "12345678901"}'), limits)
    [row] = landed(found).bad
    assert (row["reason"], found.answer.status) == ("over_limit", 200)


def test_what_all_events_share_cannot_multiply() -> None:
    """A context of the whole request is copied to each event; 400 KB of it 2,000 times would fill the memory."""
    event = {"type": "page", "userId": "u", "messageId": "m"}
    small, large = ({"batch": [event] * 200, "context": {"app": "x" * size}} for size in (500, 100_000))
    assert len(sent(small, "/v1/batch").events) == 200
    assert sent(large, "/v1/batch").answer.status == 413
    assert sent({"batch": [event], "context": {"app": "x" * 100_000}}, "/v1/batch").answer.status == 200


@pytest.mark.parametrize("depth", [30, 40, 300, 600, 900, 5_000])
@pytest.mark.parametrize("refusal", ["0", "1"])
@pytest.mark.parametrize(
    "place", [b'{"batch":[{"type":"page","properties":%s}]}', b'{"batch":[{"type":"page"}],"x":%s}']
)
def test_nesting_is_bounded_everywhere(depth: int, refusal: str, place: bytes) -> None:
    """A bad event, or a refused request beyond what any decoder opens; never an error of ours."""
    body = place % (b'{"a":' * depth + b"1" + b"}" * depth)
    found = collect(request(body, "/v1/batch", sec_gpc=refusal), Limits())
    rows = landed(found)
    assert found.answer.status == (200 if depth < 1_000 else 400)
    assert {row["reason"] for row in rows.bad} == ({"too_deep"} if 30 < depth < 1_000 else set())


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        *(("GET", path, 405) for path in PATHS if path != "/i"),
        *(("POST", path, 404) for path in ("/", "", "/v1", "/v1/tracks", "/e/", "/v2/batch", "/V1/BATCH")),
        *(("POST", "/i", 405), ("PUT", "/collect", 405)),
    ],
)
def test_other_methods_and_addresses_are_refused(method: str, path: str, expected: int) -> None:
    """With what to use instead, where there is something."""
    found = collect(request(EVENT, path, method), Limits())
    assert (found.answer.status, len(found.events)) == (expected, 0)
    assert ("allow" in found.answer.headers) == (expected == 405)


def test_each_client_is_answered_as_it_needs_it() -> None:
    """JSON with counts, a word, or an image of one point."""
    found = sent({"batch": [{"type": "page", "userId": "u"}, 5]}, "/v1/batch").answer
    assert json.loads(found.body) == {"success": True, "accepted": 1, "rejected": 1}
    assert sent({"data": [{"e": "pv"}]}, "/com.snowplowanalytics.snowplow/tp2").answer.body == b"ok"
    pixel = collect(request(b"", "/i?e=pv", "GET"), Limits()).answer
    assert (pixel.body[:6], pixel.headers["content-type"], len(pixel.body)) == (b"GIF89a", "image/gif", 42)


@pytest.mark.parametrize(
    ("origins", "origin", "is_allowed"),
    [
        (("*",), SITE, True),
        ((SITE,), SITE, True),
        ((SITE,), "https://other.example", False),
        ((SITE,), "http://shop.example", False),
        ((), SITE, False),
        (("*",), "", False),
        (("*",), "https://a\r\nset-cookie: b", False),
        (("*",), "x" * 301, False),
    ],
)
@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
def test_browsers_of_allowed_sites_read_the_answer(
    method: str, origins: tuple[str, ...], origin: str, is_allowed: bool
) -> None:
    """The site's name is echoed, never a star, since cookies may come along; caches are told."""
    asked = request(EVENT, method=method, origin=origin, access_control_request_headers="authorization")
    headers = collect(asked, Limits(origins=origins)).answer.headers
    assert headers.get("access-control-allow-origin") == (origin if is_allowed else None)
    assert headers.get("access-control-allow-credentials") == ("true" if is_allowed else None)
    assert headers["vary"] == "Origin"
    if method == "OPTIONS":
        assert headers["access-control-max-age"] == "86400"
        assert "content-encoding" in headers["access-control-allow-headers"]


def test_a_client_is_told_when_to_come_back() -> None:
    """A browser can read that too."""
    for code in (429, 503):
        answer = with_cors(refused_for_now(7, code), request(origin=SITE), Limits())
        assert (answer.status, answer.headers["retry-after"]) == (code, "7")
        assert answer.headers["access-control-allow-origin"] == SITE
        assert not answer.is_success


@pytest.mark.parametrize(
    ("body", "path", "authorization", "expected"),
    [
        ({"batch": [], "writeKey": "body"}, "/v1/batch", "", "body"),
        ({"batch": [], "writeKey": "body"}, "/v1/batch", "Basic " + b64encode(b"user:").decode(), "user"),
        ({"batch": [], "writeKey": "body"}, "/v1/batch?writeKey=query", "", "query"),
        ({"batch": [], "writeKey": 7}, "/v1/batch", "Basic ***", None),
        ({"event_type": "a"}, "/v1/events?write_key=query", "Bearer user", "query"),
        ([{"event_type": "a"}], "/collect?appId=shop", "", "shop"),
        ({"data": [{"e": "pv", "aid": "shop"}]}, "/com.snowplowanalytics.snowplow/tp2", "", "shop"),
    ],
)
def test_the_write_key_is_found_and_not_kept(body: object, path: str, authorization: str, expected: str | None) -> None:
    """Of Basic authentication, the query, or the body; formats without one say which app it is."""
    found = sent(body, path, authorization=authorization)
    assert found.write_key == expected
    assert not any(b"writeKey" in event.payload or b"write_key" in event.payload for event in found.events)


def test_a_write_key_inside_an_event_is_not_kept() -> None:
    """Browsers send it with each."""
    found = sent({"type": "page", "userId": "u", "writeKey": "KEY"}, "/v1/p")
    assert found.write_key == "KEY"
    assert b"KEY" not in found.events[0].payload
