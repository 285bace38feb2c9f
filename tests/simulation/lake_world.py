"""A lake in which jobs, readers and arrivals meet, one store call at a time, as a seed decides."""

import random
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import NamedTuple
from unittest.mock import patch

from clickstream.errors import ClickstreamError
from clickstream.lake.erasing import Places
from clickstream.lake.erasure_requests import ask
from clickstream.lake.generations import hour_after
from clickstream.lake.work import Lake
from clickstream.ledger import Ledger
from tests.simulation import lake_ending, lake_jobs
from tests.simulation.actors import Actor, Fate, draw_fate
from tests.simulation.erasure_world import CANARY, PERSON, SESSION, Said, request
from tests.simulation.fake_lake import HOUR, land
from tests.simulation.faults import FaultyTable
from tests.simulation.lake_columns import few_columns
from tests.simulation.lake_jobs import Job
from tests.simulation.lake_stores import LakeBucket, LakeCatalog, LakeGate, memory_folder, serial, small_parts
from tests.simulation.lake_watch import Watch

HOURS = [hour_after(HOUR, number) for number in range(3)]
START = datetime(2026, 11, 21, 14, tzinfo=UTC)
MORNING, EVENING = datetime(2026, 11, 21, 8, 30, tzinfo=UTC), datetime(2026, 11, 20, 23, 50, tzinfo=UTC)
LAST = 3
"""Number of the events that happened in the evening before."""
READER_LIMIT = timedelta(minutes=30)
"""The longest that a query of Athena may take."""
REQUEST_LIMIT = timedelta(minutes=10)
"""The longest that a request is on its way."""
JUMPS = [timedelta(minutes=1), timedelta(minutes=20), timedelta(hours=2), timedelta(hours=13), timedelta(hours=25)]
DECISIVE = {"put_object_if_none_match", "create_partition", "update_partition", "delete_object"}
"""Calls before which an actor is often held up, and more often fails."""
HELD_UP = 0.6
DECISIVE_FAULTS = 5
RIVALS: tuple[Job, ...] = (lake_jobs.compact, lake_jobs.compact, lake_jobs.sweep)
ERASING: tuple[Job, ...] = (*RIVALS, lake_jobs.erasure, lake_jobs.erasure)
RESTORING: tuple[Job, ...] = (
    *(*RIVALS, lake_jobs.rollback, lake_jobs.prepare, lake_jobs.prepare),
    *(lake_jobs.swap_all, lake_jobs.swap_all, lake_jobs.discard_all),
)
EVERYTHING: tuple[Job, ...] = (
    *(*RESTORING, lake_jobs.erasure, lake_jobs.erasure),
    *(lake_jobs.open_hours, lake_jobs.mend, lake_jobs.sessions, lake_jobs.mask, lake_jobs.scores),
)


class LakeOptions(NamedTuple):
    """What schedules contain. `fault_rate` is the chance of a fault per store call."""

    jobs: tuple[Job, ...] = RIVALS
    fault_rate: float = 0.0
    steps: int = 60
    job_limit: timedelta = timedelta(hours=12)
    """After this a job is ended, as by the time limit of an execution: below the grace of replaced files."""
    has_orphans: bool = True

    @property
    def has_erasure(self) -> bool:
        """Whether somebody asks to be erased."""
        return lake_jobs.erasure in self.jobs


class Running(NamedTuple):
    """A job or a reader that has begun."""

    actor: Actor
    began_time: datetime
    limit: timedelta
    fault_rate: float
    paces: tuple[int, ...] = (2, 10, 40, 160)
    """How many calls it may come further when it is its turn."""


class LakeWorld:
    """One schedule and what must be true during it and after it."""

    def __init__(self, seed: int, options: LakeOptions) -> None:
        self.seed, self.options = seed, options
        self.random = random.Random(seed)  # noqa: S311  a schedule, no secret
        self.story: list[str] | None = None
        self.gate = LakeGate()
        self.now = START
        self.contained: Counter[str] = Counter()
        self.asked = False
        self._running: list[Running] = []
        self._places = count(1)
        bucket = LakeBucket(self.gate, lambda key: self.watch.created(key))
        catalog = LakeCatalog(self.gate, lambda table, partition: self.watch.pointed(table, partition))
        self.watch = Watch(bucket.objects, lambda: self.gate.actor)
        self.bucket, self.catalog = bucket, catalog
        ledger, live, anomalies = (FaultyTable(self.gate, name) for name in ("ledger", "session_metrics", "anomalies"))
        is_masked = lake_jobs.mask in options.jobs
        lake = Lake(bucket, Ledger(ledger, bucket), catalog, lambda: self.now, "test", is_masked=is_masked)
        self.places = Places(lake, ledger, live, anomalies, LakeBucket(self.gate, lambda _: None, "failures"))

    def tell(self, text: str) -> None:
        """Add to the story, if anybody listens."""
        if self.story is not None:
            self.story.append(f"{self.now:%dT%H:%M} {text}")

    def run(self) -> None:
        """The schedule, and its end, at which nothing fails."""
        with self._deterministic():
            self._arrive()
            for place in range(self.options.steps):
                if self.options.has_erasure and place == self.seed % self.options.steps:
                    self._ask()
                self._step()
            self._set_clock(self.now)
            for running in list(self._running):
                self._end(running)
            self.tell("from here on nothing fails")
            lake_ending.settle(self)

    def violations(self) -> list[str]:
        """Everything that is not exact, in words."""
        return self.watch.problems

    @contextmanager
    def _deterministic(self) -> Iterator[None]:
        def numbered() -> uuid.UUID:
            return uuid.UUID(int=self.random.getrandbits(128))

        with serial(), small_parts(), few_columns(), memory_folder(), patch("uuid.uuid4", numbered):
            yield

    def _step(self) -> None:
        kind = self.random.random()
        if kind < 0.14:
            self._arrive()
        elif kind < 0.30 and len(self._running) < 4:
            self._begin()
        elif kind < 0.36:
            self._set_clock(self.now + self.random.choice(JUMPS))
        elif self.gate.late and kind < 0.42:
            self.gate.land(self.random)
        elif self._running:
            self._advance(self.random.choice(self._running))

    def _arrive(self) -> None:
        """An object lands with new events and resends; maybe with a copy of a dead attempt beside it."""
        hour = self.random.choice(HOURS)
        events = [self._event(hour) for _ in range(self.random.randint(1, 4))]
        key = land(self.places.lake, hour, events)
        self.watch.landed[key] = Counter(event.event_id for event in events)
        self.contained["events"] += len(events)
        self.tell(f"{key} lands: {' '.join(event.event_id for event in events)}")
        if self.options.has_orphans and self.random.random() < 0.1:
            self.bucket.put(key.replace(".parquet", "-dead.parquet"), self.bucket.get(key))
            self.watch.landed[key.replace(".parquet", "-dead.parquet")] = Counter(self.watch.landed[key])

    def _event(self, hour: str) -> Said:
        """An id belongs to an hour and the one after, where its copies may arrive too, and to a session.

        The last of an hour happened before midnight, in the session of those before it.
        """
        first = self.random.choice([hour, hour_after(hour, -1)])
        is_canary = self.options.has_erasure and self.random.random() < 0.4
        number = self.random.randrange(4)
        name = f"{'c' if is_canary else 'o'}{number}@{first[-2:]}"
        page = self.random.choice(["/", "/", "/other"])
        user, session = (PERSON, SESSION) if is_canary else ("p-0ther", f"session-{number // 2}-{first[-2:]}")
        time = EVENING if number == LAST else MORNING
        return Said(name, next(self._places), page, event_time=time, user_id=user, session_id=session)

    def _ask(self) -> None:
        ask(self.places.requests, request())
        self.asked = True
        self.tell(f"the erasure of {CANARY} is asked for")

    def _begin(self) -> None:
        """A job or a reader starts."""
        number = next(self._places)
        if self.random.random() < 0.4:
            actor = Actor(lambda: self.watch.read(self.catalog, self.bucket), f"reader {number}")
            running = Running(actor, self.now, READER_LIMIT, 0.0, paces=(1, 1, 2, 5))
        else:
            job = self.random.choice(self.options.jobs)
            mind = random.Random(self.random.random())  # noqa: S311  a schedule, no secret
            actor = Actor(lambda: job(self.places, mind), f"{job.__name__} {number}")
            running = Running(actor, self.now, self.options.job_limit, self.options.fault_rate)
            self.contained[f"runs of {job.__name__}"] += 1
        self.tell(f"{actor.name} starts")
        self._running.append(running)

    def _advance(self, running: Running) -> None:
        """The actor comes some calls further, or to its end."""
        actor, calls = running.actor, self.random.choice(running.paces)
        while calls and not actor.is_done:
            is_decisive = self.gate.pending.get(actor) in DECISIVE
            rate = running.fault_rate * (DECISIVE_FAULTS if is_decisive else 1)
            self.gate.advance(actor, draw_fate(self.random, min(rate, 0.5)))
            calls = 0 if self.gate.pending.get(actor) in DECISIVE and self.random.random() < HELD_UP else calls - 1
        if running.actor.is_done:
            self._end(running)

    def _end(self, running: Running) -> None:
        """The actor is done, or its process is ended."""
        self._running.remove(running)
        actor = running.actor
        if not actor.is_done:
            self.contained["expired"] += 1
            self.gate.advance(actor, Fate.KILLED_BEFORE)
        self.watch.ended(actor)
        error = actor.error
        self.tell(f"{actor.name} ends{' killed' if actor.is_killed else ''}{f': {error}' if error else ''}")
        if error and not isinstance(error, ClickstreamError):
            self.watch.problems.append(f"{actor.name} broke: {type(error).__name__}: {error}")

    def _set_clock(self, now: datetime) -> None:
        """Time passes: requests arrive, and whoever takes too long is ended."""
        while self.gate.late and now - self.now >= REQUEST_LIMIT:
            self.gate.land(self.random)
        self.now = self.bucket.now = now
        for running in [one for one in self._running if one.began_time + one.limit <= now]:
            self._end(running)
