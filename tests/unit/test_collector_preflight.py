"""What browsers ask before they send to another site than their page's."""

from clickstream.collecting.collecting import collect
from clickstream.collecting.requests import Limits, Request
from tests.unit.live_tables_filled import NOW

ORIGIN = "https://shop.example"


def asked_for(names: str, limits: Limits) -> dict[str, str]:
    """The headers of the answer to a preflight that asks for these headers."""
    headers = {"origin": ORIGIN, "access-control-request-method": "POST", "access-control-request-headers": names}
    answer = collect(Request("OPTIONS", "/v1/t", (), headers, b"", "192.0.2.1", NOW), limits).answer
    assert answer.status == 204
    return answer.headers


def test_headers_that_a_tracker_adds_as_it_resends_are_allowed() -> None:
    """Segment's browser tracker counts its tries in one; without it, nothing would ever be sent again."""
    allowed = asked_for("authorization,X-Retry-Count", Limits())["access-control-allow-headers"].split(", ")
    assert {"authorization", "content-type", "x-retry-count"} <= set(allowed)


def test_only_names_of_headers_are_repeated() -> None:
    """What is no name, and what is beyond any tracker's number of headers, is not in the answer."""
    names = ",".join(["x-good", "bad name", "x\r\nset-cookie: a", "ü", *(f"x-{number}" for number in range(500))])
    allowed = asked_for(names, Limits())["access-control-allow-headers"].split(", ")
    assert "x-good" in allowed
    assert len(allowed) < 25
    assert not [name for name in allowed if not name.replace("-", "").isalnum() or not name.isascii()]


def test_a_page_may_read_when_to_come_back() -> None:
    """`Retry-After` is among the headers that scripts of an allowed site see; another site may read nothing."""
    assert asked_for("", Limits())["access-control-expose-headers"] == "retry-after"
    assert "access-control-expose-headers" not in asked_for("", Limits(origins=("https://other.example",)))
