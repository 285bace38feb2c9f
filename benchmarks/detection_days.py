"""Simulated days through the rules of `detect_anomalies`, in process: what they find beside what is true."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from clickstream.detection.activities import by_session
from clickstream.detection.screening import take_in
from clickstream.detection.sessions import SessionState
from clickstream.intake.kinesis import Record
from clickstream.intake.rows import Source, read
from clickstream.positions import padded
from test_client.simulator import Simulation

Pair = tuple[str, str]
SOURCE = Source("0", "shardId-000000000000")
_RECORDS_PER_BATCH = 2_000


class Day(NamedTuple):
    """One day: pairs of session and label as simulated, pairs of session and rule as detected."""

    labels: set[Pair]
    found: list[Pair]
    sessions: int


def records(simulation: Simulation) -> Iterator[Record]:
    """Every line of a day as a record of its own, with its arrival."""
    for number, line in enumerate(simulation.lines(), 1):
        received_time = datetime.fromtimestamp(line.arrival_ms / 1000, UTC)
        yield Record(str(number), padded(str(number)), received_time, line.data)


def judged(events: int, seed: int) -> Day:
    """Simulate a day of so many events, and judge its sessions batch by batch."""
    simulation = Simulation(events, seed)
    states: dict[str, SessionState] = {}
    found = []
    lines = records(simulation)
    while batch := list(islice(lines, _RECORDS_PER_BATCH)):
        for session_id, activities in by_session(read(batch, SOURCE, None).good).items():
            state = states.setdefault(session_id, SessionState())
            found += [(session_id, anomaly.rule) for anomaly in take_in(session_id, state, activities)]
    labels = {(label.session_id, label.label) for label in simulation.labels()}
    return Day(labels, found, len(states))
