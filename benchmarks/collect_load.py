"""Clients that send batches of page views over connections that stay open, and count what they are answered."""

import http.client
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

HEADERS = {"content-type": "application/json", "authorization": "Basic a2V5Og==", "user-agent": "Mozilla/5.0 X"}


@dataclass
class Load:
    """What the clients saw.

    Attributes:
        statuses: Requests by the status of their answer; 0 where the connection broke.
        accepted: Ids of events whose request was answered 200.
        sent: Events sent.
        waits_ms: How long each answer took, sorted.
        seconds: From first to last.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    accepted: set[str] = field(default_factory=set)
    sent: int = 0
    waits_ms: list[float] = field(default_factory=list)
    seconds: float = 0

    def quantile_ms(self, share: float) -> float:
        """The wait that this share of the requests did not exceed."""
        return self.waits_ms[min(len(self.waits_ms) - 1, int(share * len(self.waits_ms)))]


def batch(first: int, events: int, client: int) -> tuple[list[str], bytes]:
    """Ids and body of a batch in Segment's format, as its libraries send it; events of ten visitors."""
    now = datetime.now(UTC).isoformat()
    ids = [f"{client}-{number}" for number in range(first, first + events)]
    page = {"url": "https://shop.example/p/1?utm_source=news", "path": "/p/1", "title": "P1", "referrer": ""}
    sent = [
        {"type": "page", "messageId": one, "anonymousId": f"a{one[-1]}", "timestamp": now, "name": "P",
         "properties": {"sku": "SKU1", "price": 9.9}, "context": {"page": page, "locale": "en", "timezone": "UTC"}}
        for one in ids
    ]  # fmt: skip
    return ids, json.dumps({"batch": sent, "sentAt": now}).encode()


def run(port: int, *, clients: int, requests: int, events: int) -> Load:
    """So many clients send so many requests each, of so many events."""
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        loads = list(pool.map(lambda client: _client(port, client, requests, events), range(clients)))
    total = Load(seconds=time.perf_counter() - began)
    for load in loads:
        total.statuses += load.statuses
        total.accepted |= load.accepted
        total.sent += load.sent
        total.waits_ms += load.waits_ms
    total.waits_ms.sort()
    return total


def _client(port: int, client: int, requests: int, events: int) -> Load:
    load, connection = Load(), http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for number in range(requests):
        ids, body = batch(number * events, events, client)
        began = time.perf_counter()
        try:
            connection.request("POST", "/v1/batch", body, HEADERS)
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException):
            connection.close()
            status = 0
        load.waits_ms.append((time.perf_counter() - began) * 1000)
        load.statuses[status] += 1
        load.sent += events
        if status == http.HTTPStatus.OK:
            load.accepted.update(ids)
    connection.close()
    return load
