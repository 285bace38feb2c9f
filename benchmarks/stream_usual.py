"""Engine: a Lambda handler in the usual style: Powertools BatchProcessor, json, dict rows, `Table.from_pylist`.

It keeps no promise about faults, checks two fields of an event, and enriches nothing. `enriched` adds what this project
derives from an event, one event at a time and without caches. Calls to services are left out, as for every engine.
"""

import base64
import hashlib
import hmac
import io
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from benchmarks.stream_engine import TEXT_FIELDS, Answer, Measured, measure, run

COLUMNS = (*TEXT_FIELDS, "revenue")
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class UsualHandler:
    """One invocation: a record handler fills rows, counters and sessions; the batch is written at the end."""

    def __init__(self, *, is_enriching: bool) -> None:
        self.is_enriching = is_enriching
        self.rows: list[dict[str, Any]] = []
        self.counters: Counter[tuple[str, str, str]] = Counter()
        self.sessions: dict[str, dict[str, Any]] = {}

    def handle(self, event: dict[str, Any]) -> Answer:
        """The batch of one invocation."""
        processor = BatchProcessor(event_type=EventType.KinesisDataStreams)
        reply = process_partial_response(event=event, record_handler=self._record, processor=processor, context=None)
        if reply["batchItemFailures"]:
            raise ValueError(str(reply))
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(self.rows), sink, compression="snappy")
        return self._answer()

    def _record(self, record: Any) -> None:  # noqa: ANN401  Powertools' own type
        data = base64.b64decode(record.kinesis.data)
        lines = _inflated(data).split(b"\n") if data.startswith(ZSTD_MAGIC) else [data]
        for line in lines:
            self._event(json.loads(line))

    def _event(self, event: dict[str, Any]) -> None:
        if not event.get("event_id") or not event.get("event_type"):
            raise ValueError("event_id and event_type are needed")
        time = datetime.fromisoformat(event["timestamp"])
        path = urlsplit(event["page_url"]).path
        self.counters[time.strftime("%Y-%m-%dT%H:%M"), event["event_type"], path] += 1
        session = self.sessions.setdefault(event["session_id"], {"events": 0, "first": time, "last": time})
        session["events"] += 1
        session["last"] = max(session["last"], time)
        row = {name: event.get(name) for name in COLUMNS}
        row |= {"timestamp": time, "page_path": path, "properties": json.dumps(event["properties"])}
        self.rows.append(row | _enrichment(event) if self.is_enriching else row)

    def _answer(self) -> Answer:
        types: Counter[str] = Counter()
        pages: Counter[str] = Counter()
        for (minute, kind, _), count in self.counters.items():
            types[f"{minute} {kind}"] += count
            if kind == "page_view":
                pages[minute] += count
        sessions = {name: found["events"] for name, found in self.sessions.items()}
        return Answer(len(self.rows), dict(types), dict(pages), sessions)


def _inflated(data: bytes) -> bytes:
    text: bytes = pa.input_stream(pa.BufferReader(data), compression="zstd").read()
    return text


def _enrichment(event: dict[str, Any]) -> dict[str, Any]:
    """Agent, campaign, hosts and a pseudonym, worked out anew for each event."""
    import ua_parser  # only the enriching variant pays for it

    agent = ua_parser.parse(event["user_agent"])
    page, referrer = urlsplit(event["page_url"]), urlsplit(event["referrer"] or "")
    query = parse_qs(page.query)
    user = event.get("user_id")
    return {
        "browser": agent.user_agent.family if agent.user_agent else None,
        "os": agent.os.family if agent.os else None,
        "utm_source": query.get("utm_source", [None])[0],
        "utm_medium": query.get("utm_medium", [None])[0],
        "utm_campaign": query.get("utm_campaign", [None])[0],
        "referrer_host": referrer.hostname,
        "user_id": hmac.new(b"k" * 32, user.encode(), hashlib.sha256).hexdigest() if user else None,
    }


def engine(folder: Path, rounds: int, *, is_enriching: bool = False) -> Measured:
    """The payload as Lambda's runtime parses it, through a new handler object each time."""
    payload = (folder / "payload.json").read_bytes()
    return measure(lambda: UsualHandler(is_enriching=is_enriching).handle(json.loads(payload)), rounds)


if __name__ == "__main__":
    run(engine)
