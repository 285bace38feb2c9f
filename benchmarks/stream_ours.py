"""Engine: this project's own path, invocation payload → archive, counters, sessions. Enriches every event."""

import gc
import json
from pathlib import Path

from benchmarks.stream_engine import Answer, Measured, measure, run
from clickstream.detection.activities import by_session
from clickstream.detection.sessions import SessionState
from clickstream.intake.kinesis import decode_batch
from clickstream.intake.landing import landing_files
from clickstream.intake.rows import Pseudonym, Source, read
from clickstream.live.counters import minute_deltas

_PSEUDONYM = Pseudonym("k1", b"0123456789abcdef0123456789abcdef")


def engine(folder: Path, rounds: int) -> Measured:
    """Both consumers' work on one batch, as far as it is not waiting for a service."""
    payload = (folder / "payload.json").read_bytes()
    gc.freeze()
    return measure(lambda: _batch(payload), rounds)


def _batch(payload: bytes) -> Answer:
    batch = decode_batch(json.loads(payload))
    rows = read(batch.records, Source("1763000000", batch.shard_id), _PSEUDONYM)
    files = list(landing_files(rows, Source("1763000000", batch.shard_id)))
    deltas = minute_deltas(rows.good)
    sessions = {}
    for session, activities in by_session(rows.good).items():
        state = sessions[session] = SessionState()
        state.observe_all(activities)
    return Answer(
        rows=sum(file.entry.rows for file in files),
        types={f"{minute} {kind}": n for minute, delta in deltas.items() for kind, n in delta.event_types.items()},
        pages={minute: sum(delta.pages.values()) for minute, delta in deltas.items()},
        sessions={session: state.events for session, state in sessions.items()},
    )


if __name__ == "__main__":
    run(engine)
