"""What each role has to do in its life, played by the real handlers and jobs under the role's own policy."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3

import collect_events
import detect_anomalies
import detect_traffic_anomalies
import process_events
from aws_stores import DynamoTable
from batch_jobs import glue_entry, run_steps
from clickstream.detection.watching import SETTLED
from clickstream.ledger import Ledger
from tests.aws.alert_queue import listening, messages
from tests.aws.small_forest import registered
from tests.aws.test_handlers import BATCH, invocation
from tests.infra import mishaps
from tests.infra.deployed_account import Deployed
from tests.infra.policy_guard import Guard, acting_as
from tests.simulation.records import encoded
from tests.unit.http_invocation import Unhurried, posted

PERSON = {
    "session_id": mishaps.SESSION,
    "user_id": "canary-user-7f3a",
    "anonymous_id": "canary-device-7f3a",
    "ip_address": "203.0.113.77",
    "page_url": "https://shop.example/a?email=canary@mail.example",
    "user_agent": "canary-agent-7f3a",
}
"""Somebody whose every name can be looked for."""
START = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
DONE: dict[str, list[object]] = {"batchItemFailures": []}
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
"""When the functions run: events of the scenarios are of this day."""
FUNCTIONS = {
    "CollectorRole": (collect_events, collect_events.collector),
    "RealtimeProcessEventsRole": (process_events, process_events.processor),
    "RealtimeDetectAnomaliesRole": (detect_anomalies, detect_anomalies.detector),
    "TrafficRole": (detect_traffic_anomalies, detect_traffic_anomalies.detector),
}
BATCH_ROLE = "BatchRole"


@dataclass(frozen=True)
class Played:
    """What came of it.

    Attributes:
        guards: What was asked of each role's policy.
        said: Everything that functions and jobs wrote to their logs.
        alerts: The messages that somebody got.
        metrics: What CloudWatch was told, apart from the logs.
    """

    guards: dict[str, Guard]
    said: str
    alerts: list[dict[str, Any]]
    metrics: str


def play(deployed: Deployed, folder: Path) -> Played:
    """Play all of it, and listen."""
    (topic,) = deployed.stack.of_type("SNS::Topic")
    listening(deployed.stack.arn(topic))
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        guards = _played(deployed, folder)
    metrics = boto3.client("cloudwatch").list_metrics()["Metrics"]
    return Played(guards, said.getvalue(), messages(), repr(metrics))


def _played(deployed: Deployed, folder: Path) -> dict[str, Guard]:
    """In the order in which data flows."""
    guards = {role: deployed.guard(role) for role in (*FUNCTIONS, BATCH_ROLE)}
    take(deployed, guards["CollectorRole"])
    process(deployed, guards["RealtimeProcessEventsRole"])
    detect(deployed, guards["RealtimeDetectAnomaliesRole"])
    watch(deployed, guards["TrafficRole"])
    batch(deployed, guards[BATCH_ROLE], folder)
    return guards


def take(deployed: Deployed, guard: Guard) -> None:
    """A request with two visitors, one of them somebody who can be looked for."""
    events = [PERSON | {"event_type": "page_view"}, {"event_type": "page_view", "session_id": "s2"}]
    with running(deployed, "CollectorRole", guard) as (module, _):
        assert module.handler(posted(*events), Unhurried())["statusCode"] == HTTPStatus.OK


def process(deployed: Deployed, guard: Guard) -> None:
    """Good and bad events, redeliveries to new containers, a commit too large for an item, and a faster rival."""
    small = (encoded(**PERSON), encoded(session_id="s2"))
    batches = ((300_000, (*BATCH, b'{"session_id": "%s"' % mishaps.SESSION.encode())), (0, small), (300_000, small))
    with running(deployed, "RealtimeProcessEventsRole", guard) as (module, forget):
        for number, (limit, payloads) in enumerate(batches):
            with ExitStack() as patches:
                patches.enter_context(patch("clickstream.ledger.INLINE_BYTES", limit))
                if number == len(batches) - 1:
                    patches.enter_context(stale(Ledger, "head", None))
                    patches.enter_context(stale(DynamoTable, "get_many", {}, {}))
                for _ in range(2):
                    assert module.handler(_delivered(deployed, payloads, 10 * number), None) == DONE
                    forget()


def detect(deployed: Deployed, guard: Guard) -> None:
    """A session with an anomaly, delivered twice; then more of it, while a rival is faster."""
    payloads = (encoded(**PERSON, event_type="purchase"), encoded(session_id="s2"))
    with running(deployed, "RealtimeDetectAnomaliesRole", guard) as (module, forget):
        for number in (0, 0, 10):
            with stale(DynamoTable, "get_many", *([{}] if number else [])):
                assert module.handler(_delivered(deployed, payloads, number), None) == DONE
            forget()


def watch(deployed: Deployed, guard: Guard) -> None:
    """Purchases stop after an hour; then one more minute, while a rival is faster."""
    counters = DynamoTable(mishaps.table(deployed, "counters"))
    for minute in range(81):
        time = START + timedelta(minutes=minute)
        types = {"page_view": 40 + minute % 3} | ({"purchase": 40} if minute < 60 else {})
        page = {"pk": f"{time:%Y-%m-%d}", "sk": f"{time:%H:%M}#lane", "events": sum(types.values())}
        counters.put(page | {"event_types": types})
    with (
        running(deployed, "TrafficRole", guard) as (module, forget),
        patch("clickstream.detection.traffic.LEARNING_POINTS", 20),
        patch("clickstream.detection.traffic.LEARNING_S", 0),
    ):
        now = START + timedelta(minutes=80) + SETTLED
        with patch.object(module, "_now", lambda: now):
            assert module.handler({}, None)["alerts"] > 0
        forget()
        with patch.object(module, "_now", lambda: now + timedelta(minutes=1)), mishaps.rival_series():
            assert module.handler({}, None)["series"] > 0


def batch(deployed: Deployed, guard: Guard, folder: Path) -> None:
    """The schedules over some days: a crash before them, damage and an erasure between, and the end of what is kept."""
    addresses = mishaps.archives(deployed)
    with acting_as(guard):
        glue_entry.fetched(addresses, folder / "archives")
    mishaps.forget_work(deployed)
    mishaps.damage_landing(deployed)
    with stale(DynamoTable, "get_many", {}, {}):
        run(deployed, guard, "open_partitions,audit_ledger,compact_events", "2026-11-21T12:30:00")
    mishaps.lose_partition(deployed)
    mishaps.leave_rubbish(deployed)
    mishaps.give_up(deployed)
    registered(mishaps.bucket(deployed))
    run(deployed, guard, "repair_catalog,daily", "2026-11-22T03:00:00", "--most-days", "1")
    mishaps.ask_for_erasure(deployed)
    run(deployed, guard, "erase_events,build_sessions,score_sessions", "2026-11-24T03:00:00")
    for days in (2, 5):
        later = (datetime.now(UTC) + timedelta(days=days)).isoformat()
        run(deployed, guard, "erase_events,compact_events,build_sessions,score_sessions,mask_tables", later)
    run(deployed, guard, "compact_events,build_sessions", "2027-01-24T03:00:00", "--raw-events-days", "3")


def run(deployed: Deployed, guard: Guard, steps: str, now: str, *more: str) -> None:
    """One run of the Glue job, with the arguments that it is deployed with."""
    given = {name: value for name, value in deployed.arguments().items() if name != "--archives"}
    words = [*chain.from_iterable(given.items()), "--workers", "plain", "--steps", steps, "--now", now]
    with acting_as(guard):
        assert run_steps.main([*words, *more]) == 0


@contextmanager
def running(deployed: Deployed, role: str, guard: Guard) -> Iterator[tuple[Any, Callable[[], None]]]:
    """The module of a role's function in its deployed environment, and what starts a new container."""
    module, made = FUNCTIONS[role]
    environment = deployed.environment(f"{module.__name__}.handler")
    made.cache_clear()
    with ExitStack() as entered:
        for clock in ("aws_processor.now", "process_events.now", "detect_anomalies._now"):
            entered.enter_context(patch(clock, lambda: NOON))
        entered.enter_context(patch.dict(os.environ, environment))
        entered.enter_context(acting_as(guard))
        yield module, made.cache_clear
    made.cache_clear()


@contextmanager
def stale(owner: type, name: str, *answers: Any) -> Iterator[None]:
    """The first reads get old answers, as if somebody else had written in between."""
    real, left = getattr(owner, name), list(answers)

    def read(self: Any, *arguments: Any, **more: Any) -> Any:
        return left.pop() if left else real(self, *arguments, **more)

    with patch.object(owner, name, read):
        yield


def _delivered(deployed: Deployed, payloads: tuple[bytes, ...], skipped: int) -> dict[str, Any]:
    """A batch of the stream, so many records after its beginning."""
    (stream,) = deployed.stack.of_type("Kinesis::Stream")
    filled = invocation(deployed.stack.arn(stream), *[b""] * skipped, *payloads)
    return {"Records": filled["Records"][skipped:]}
