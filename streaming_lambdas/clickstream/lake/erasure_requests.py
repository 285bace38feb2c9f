"""Requests for the erasure of a person, in the ledger's table: who, until when, and whether it is done.

A request holds the ids of the person only while there is something to do; what remains is its number and its state.
"""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from clickstream.lake.tombstones import Name
from clickstream.ports import Table

PARTITION = "erasures"
"""Partition key of all requests."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One person to be erased."""

    request_id: str
    names: tuple[Name, ...]
    """How the rows of the lake name the person: every pseudonym, device and session that was asked for."""
    texts: tuple[str, ...]
    """What payloads and reports name the person by: the ids as sent, and the pseudonyms."""
    request_time: datetime
    """Events until then are erased."""


def ask(requests: Table, request: Request) -> None:
    """Store a request; whoever runs the erasures next takes it up."""
    names = [list(name) for name in request.names]
    body = {"names": names, "texts": list(request.texts), "request_time": request.request_time.isoformat()}
    requests.put({"pk": PARTITION, "sk": request.request_id, "state": "open", **body})


def open_requests(requests: Table) -> Iterator[Request]:
    """Those that are not done."""
    for item in requests.query(PARTITION):
        if item["state"] == "open":
            yield Request(
                request_id=str(item["sk"]),
                names=tuple(Name(kind, value) for kind, value in item["names"]),
                texts=tuple(item["texts"]),
                request_time=datetime.fromisoformat(item["request_time"]),
            )


def close(requests: Table, request: Request, now: datetime) -> None:
    """Forget the ids of the person."""
    times = {"request_time": request.request_time.isoformat(), "finished_time": now.isoformat()}
    requests.put({"pk": PARTITION, "sk": request.request_id, "state": "done", **times})
