"""The events of the stream benchmark: invocation payloads for Lambda handlers, NDJSON for the others.

A shop's traffic at 200 events a second: about 670 bytes an event, 2,000 pages and 700 user agents with a long tail, 1 %
of the events with an order. Event and arrival fall into the same minute, so that engines which know only the event's
own time count the same minutes.
"""

import base64
import itertools
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
EVENTS_PER_SECOND = 200
RAW_EVENTS = 3_900
"""One event a record: about what fits into an invocation payload of 6 MB."""
PACKED_EVENTS = 30_000
EVENTS_PER_RECORD = 190
"""About what fits into one PUT unit of 25 KB when packed."""
ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/events"
SHARD = "shardId-000000000000"
FIRST_NUMBER = 49590338271490256608559692538361571095921575989136588898
_CHROME = "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.{build}.{patch} Safari/537.36"
_SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_{patch} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.{patch} Mobile/15E{build} Safari/604.1"
)
_SYSTEMS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "Linux; Android 14; SM-S911B",
    None,
)
"""What Chrome runs on; None stands for a phone with Safari."""
_TYPES = ("page_view", "click", "scroll", "view_item", "add_to_cart", "search", "purchase")
_WEIGHTS = (50, 22, 10, 10, 4, 3, 1)
_REFERRERS = ("https://www.google.com/", "https://t.co/abc123", None, None, "https://news.example.org/article/42")


def write(folder: Path, kind: str, seed: int = 7) -> int:
    """Write `payload.json` (the invocation as Lambda receives it) and `events.ndjson`; returns the number of events."""
    count = RAW_EVENTS if kind == "raw" else PACKED_EVENTS
    lines = list(events(count, seed))
    records = [[line] for line in lines] if kind == "raw" else list(_packs(lines))
    folder.mkdir(parents=True, exist_ok=True)
    payload = json.dumps({"Records": [_envelope(n, lines) for n, lines in enumerate(records)]}, separators=(",", ":"))
    (folder / "payload.json").write_text(payload, encoding="utf-8")
    (folder / "events.ndjson").write_bytes(b"".join(line + b"\n" for line, _ in lines))
    return count


def events(count: int, seed: int) -> Iterator[tuple[bytes, datetime]]:
    """Events as compact JSON, in order of time, and when each arrives."""
    chance = random.Random(seed)  # noqa: S311  reproducible, not secret
    shop = Shop(chance)
    sessions = [shop.session() for _ in range(max(10, count // 12))]
    for number in range(count):
        time = START + timedelta(seconds=number / EVENTS_PER_SECOND)
        yield shop.event(chance.choice(sessions), time), time


class Shop:
    """A shop with pages and visitors, from one source of chance."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._pages, self._agents = _pages(chance), _agents(chance)
        self._page_weights, self._agent_weights = _long_tail(len(self._pages)), _long_tail(len(self._agents))

    def session(self) -> dict[str, Any]:
        """What all events of a new session have in common."""
        chance = self._chance
        [agent] = chance.choices(self._agents, cum_weights=self._agent_weights)
        signed_in = {"user_id": f"u-{chance.randrange(400_000)}"} if chance.random() < 0.35 else {}
        return {
            "session_id": f"s-{chance.getrandbits(80):020x}",
            "anonymous_id": f"a-{chance.getrandbits(96):024x}",
            "user_agent": agent,
            "ip_address": ".".join(str(chance.randint(1, 223)) for _ in range(4)),
        } | signed_in

    def event(self, session: dict[str, Any], time: datetime) -> bytes:
        """One event of the session, as compact JSON."""
        chance = self._chance
        [page] = chance.choices(self._pages, cum_weights=self._page_weights)
        [kind] = chance.choices(_TYPES, _WEIGHTS)
        query = "?utm_source=newsletter&utm_medium=email&utm_campaign=winter-26" if chance.random() < 0.05 else ""
        event = {
            "event_id": f"{chance.getrandbits(128):032x}",
            "event_type": kind,
            "timestamp": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            **session,
            "page_url": f"https://shop.example.com{page}{query}",
            "page_title": f"Shop: {page.strip('/').replace('/', ' · ')}",
            "referrer": chance.choice(_REFERRERS),
            "app_id": "shop-web",
            "schema_version": "3",
            "properties": _properties(chance),
        }
        return json.dumps(event | _order(chance, kind), separators=(",", ":"), ensure_ascii=False).encode()


def _properties(chance: random.Random) -> dict[str, Any]:
    return {
        "locale": "en-US",
        "timezone": "America/New_York",
        "screen_width": 1920,
        "screen_height": 1080,
        "load_ms": chance.randint(80, 4000),
        "element": chance.choice(("a.nav", "button#buy", "img.hero")),
    }


def _order(chance: random.Random, kind: str) -> dict[str, Any]:
    if kind != "purchase":
        return {}
    return {
        "order_id": f"o-{chance.randrange(10**8)}",
        "revenue": round(chance.uniform(3, 400), 2),
        "currency": "USD",
    }


def _pages(chance: random.Random) -> list[str]:
    sections = ("shoes", "books", "garden", "toys", "kitchen", "sports")
    fixed = ["/", "/search", "/cart", "/checkout", "/account", *(f"/c/{name}" for name in sections)]
    return fixed + [f"/p/{chance.choice(sections)}/{chance.randint(10_000, 99_999)}" for _ in range(2_000)]


def _agents(chance: random.Random) -> list[str]:
    return [_agent(chance, chance.choice(_SYSTEMS)) for _ in range(700)]


def _agent(chance: random.Random, system: str | None) -> str:
    versions = {"major": chance.randint(110, 140), "build": chance.randint(1000, 7000), "patch": chance.randint(0, 200)}
    return _CHROME.format(system=system, **versions) if system else _SAFARI.format(**versions)


def _long_tail(count: int) -> list[float]:
    return list(itertools.accumulate(1 / (rank + 1) for rank in range(count)))


def _packs(lines: list[tuple[bytes, datetime]]) -> Iterator[list[tuple[bytes, datetime]]]:
    """Runs of events that share a record, and a minute."""
    for _, minute in itertools.groupby(lines, key=lambda line: line[1].minute):
        together = list(minute)
        for at in range(0, len(together), EVENTS_PER_RECORD):
            yield together[at : at + EVENTS_PER_RECORD]


def _envelope(number: int, lines: list[tuple[bytes, datetime]]) -> dict[str, Any]:
    """One record as Lambda's Kinesis integration hands it over."""
    data = (
        lines[0][0] if len(lines) == 1 else pa.Codec("zstd", 3).compress(b"\n".join(d for d, _ in lines)).to_pybytes()
    )
    sequence = str(FIRST_NUMBER + 17 * number)
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": f"key-{number % 100}",
            "sequenceNumber": sequence,
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": lines[0][1].timestamp(),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{SHARD}:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/clickstream-process-events",
        "awsRegion": "us-east-1",
        "eventSourceARN": ARN,
    }
