"""What a client is told: success as its SDK needs it, refusals in a sentence, and that browsers of a site may send.

No answer repeats anything of the request but the name of its origin and the names of the headers it asks for.
"""

import re
from base64 import b64decode
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from clickstream.collecting.requests import Limits, Request

Style = Literal["json", "text", "pixel"]
_JSON = {"content-type": "application/json"}
_PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A transparent image of one point."""
_USUAL_HEADERS = ("authorization", "content-type", "content-encoding")
_HEADER_NAME = re.compile(r"[a-z0-9-]{1,64}")
_MOST_HEADERS = 20
_LONGEST_ORIGIN = 300


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def is_success(self) -> bool:
        """Whether the client may forget what it sent."""
        return self.status < 300


class Refused(Exception):  # noqa: N818  says what happened to the request; never leaves the package
    """The request cannot be taken: status, and a sentence for whoever looks after the client."""

    def __init__(self, status: int, sentence: str, allow: str = "") -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.allow = allow


def success(style: Style, accepted: int, rejected: int) -> Answer:
    """All of the request is on its way: events that were accepted, and events that went to `bad_events`."""
    if style == "pixel":
        return Answer(200, {"content-type": "image/gif", "cache-control": "no-store"}, _PIXEL)
    if style == "text":
        return Answer(200, {"content-type": "text/plain"}, b"ok")
    return Answer(200, dict(_JSON), msgspec.json.encode({"success": True, "accepted": accepted, "rejected": rejected}))


def refusal(refused: Refused) -> Answer:
    """The request as it is will never be taken."""
    headers = _JSON | ({"allow": refused.allow} if refused.allow else {})
    return Answer(refused.status, headers, msgspec.json.encode({"success": False, "error": refused.sentence}))


def refused_for_now(retry_after_s: int, status: Literal[429, 503] = 503) -> Answer:
    """Nothing was lost and not everything was taken: the client sends all of it again after this many seconds."""
    sentence = "too many events at the moment: send the same again later"
    headers = _JSON | {"retry-after": str(retry_after_s)}
    return Answer(status, headers, msgspec.json.encode({"success": False, "error": sentence}))


def preflight(request: Request, limits: Limits, methods: str) -> Answer:
    """What a browser asks before it sends. Trackers add headers of their own as they resend; nobody reads them here."""
    asked = [name.strip().lower() for name in request.header("access-control-request-headers").split(",")]
    names = dict.fromkeys([*_USUAL_HEADERS, *filter(_HEADER_NAME.fullmatch, asked[:_MOST_HEADERS])])
    headers = {
        "access-control-allow-methods": f"{methods}, OPTIONS",
        "access-control-allow-headers": ", ".join(names),
        "access-control-max-age": str(limits.preflight_s),
    }
    return with_cors(Answer(204, headers), request, limits)


def with_cors(answer: Answer, request: Request, limits: Limits) -> Answer:
    """The answer, readable for browsers on the allowed sites. Their cookies may come along; nobody looks at them."""
    headers = answer.headers | {"vary": "Origin"}
    origin = request.header("origin")
    if _is_allowed(origin, limits):
        headers |= {"access-control-allow-origin": origin, "access-control-allow-credentials": "true"}
        headers["access-control-expose-headers"] = "retry-after"
    return Answer(answer.status, headers, answer.body)


def _is_allowed(origin: str, limits: Limits) -> bool:
    if not 0 < len(origin) <= _LONGEST_ORIGIN or not (origin.isascii() and origin.isprintable()):
        return False
    return "*" in limits.origins or origin in limits.origins
