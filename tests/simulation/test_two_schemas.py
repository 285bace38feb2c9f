"""Two consumers at once while a deployment is under way, of which one already writes a column more.

Lambda and Glue change one after the other, so a job of the older code may meet objects of the newer function.
"""

import io
import pickle
import random
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickstream.errors import LakeError
from clickstream.intake import landing
from clickstream.intake.kinesis import Batch
from clickstream.lake.accounting import Account, account_lane
from clickstream.lake.compaction import compact_hour
from clickstream.lake.work import Lake
from clickstream.lake_table import LakeTable
from clickstream.ledger import Ledger
from clickstream.ports import Bucket
from clickstream.positions import Epochs, Lane
from clickstream.stream.applying import Applier
from clickstream.stream.processing import CONSUMER, EventProcessor
from local_aws.state import PROJECT_FOLDER
from tests.simulation.fake_catalog import MemoryCatalog
from tests.simulation.fakes import MemoryBucket, MemoryTable
from tests.simulation.next_schema import COLUMN, HOUR
from tests.simulation.records import ARRIVAL, SOURCE, encoded, record
from tests.simulation.recovery_parts import ARN

SEEDS = range(60)
RECORDS = 24
OLDER, NEWER = "1", "2"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Deployment:
    """Both versions on the same stores: they differ in the code version, and in the columns of what they archive."""

    def __init__(self, ledger: Ledger, bucket: Bucket) -> None:
        self.waiting: list[Batch] = []
        """Batches that the older version processes while the newer one is about to commit."""
        self._running: list[str] = []
        self._both = {version: _processor(ledger, bucket, version) for version in (OLDER, NEWER)}
        self._packed = landing.parquet

    def process(self, version: str, batch: Batch, run_id: str) -> None:
        """Let a version process a batch, by its own columns."""
        self._running.append(version)
        try:
            with patch.object(landing, "parquet", self._pack):
                self._both[version].process(batch, run_id)
        finally:
            self._running.pop()

    def _pack(self, rows: Any, table: LakeTable) -> bytes:
        body = self._packed(rows, table)
        if self._running[-1] == OLDER:
            return body
        found = pq.read_table(pa.BufferReader(body))
        sink = io.BytesIO()
        pq.write_table(found.append_column(COLUMN, pa.array(["new"] * len(found))), sink, store_schema=False)
        if self.waiting:
            self.process(OLDER, self.waiting.pop(), "rival")
        return sink.getvalue()


class Played(NamedTuple):
    """One schedule: the stores, and the account of its lane."""

    bucket: MemoryBucket
    table: MemoryTable
    lake: Lake
    account: Account


def play(seed: int) -> Played:
    """Batches with changing boundaries, each for one version or both, old ones again, a rival between two writes."""
    chance = random.Random(seed)  # noqa: S311  reproducible, not secret
    bucket, table = MemoryBucket(), MemoryTable()
    ledger = Ledger(table, bucket)
    deployment = Deployment(ledger, bucket)
    records = [record(encoded(event_id=f"e{n}", session_id="s"), n) for n in range(1, RECORDS + 1)]
    done = 0
    while done < RECORDS:
        first, last = max(0, done - chance.randrange(4)), min(RECORDS, done + chance.randint(1, 5))
        batch = Batch(ARN, SOURCE.shard_id, tuple(records[first:last]))
        if chance.random() < 0.3:
            deployment.waiting.append(batch)
        for version in chance.choice(((OLDER,), (NEWER,), (OLDER, NEWER), (NEWER, OLDER))):
            deployment.process(version, batch, f"{seed}-{done}-{version}")
        done = last
    account = Account()
    for _ in account_lane(account, ledger, Lane(CONSUMER, SOURCE.epoch, SOURCE.shard_id)):
        pass
    return Played(bucket, table, Lake(bucket, ledger, MemoryCatalog(), lambda: NOW, OLDER), account)


def _processor(ledger: Ledger, bucket: Any, version: str) -> EventProcessor:
    counters, page_metrics = MemoryTable(), MemoryTable()
    now = lambda: ARRIVAL + timedelta(seconds=5)  # noqa: E731
    return EventProcessor(
        ledger=ledger,
        bucket=bucket,
        applier=Applier(ledger, counters, page_metrics, 30, now),
        epochs=Epochs(lambda _: SOURCE.epoch, now),
        now=now,
        pseudonym=None,
        code_version=version,
    )


@pytest.fixture(scope="module")
def played() -> list[Played]:
    """All schedules."""
    return [play(seed) for seed in SEEDS]


def test_every_record_is_committed_once(played: list[Played]) -> None:
    """Whichever version was faster: the chain is whole, and every event is in it once."""
    for one in played:
        assert one.account.disagreements == []
        assert one.account.total("events") == one.account.total("landed") == RECORDS
    versions = Counter(version for one in played for version in _versions(one))
    assert min(versions[OLDER], versions[NEWER]) > len(SEEDS)


def test_older_jobs_leave_newer_objects_to_newer_jobs(played: list[Played]) -> None:
    """The older code would drop the column: it refuses the hour, sets nothing aside and writes nothing."""
    refused = 0
    for one in played:
        if NEWER not in _versions(one):
            continue
        before = {entry.key for entry in one.bucket.list("")}
        with pytest.raises(LakeError, match=rf"columns \['{COLUMN}'\] unknown to this version.* deploy the newer code"):
            compact_hour(one.lake, HOUR)
        assert {entry.key for entry in one.bucket.list("")} == before
        refused += 1
    assert refused > len(SEEDS) // 2


def test_the_newer_job_has_every_event_and_its_column(played: list[Played]) -> None:
    """Objects of both versions become one generation: each event once, the column where the newer version wrote it."""
    stores = pickle.dumps([(one.bucket, one.table) for one in played])
    command = [sys.executable, "-m", "tests.simulation.next_schema"]
    done = subprocess.run(command, cwd=PROJECT_FOLDER, input=stores, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    for one, rows in zip(played, pickle.loads(done.stdout), strict=True):  # noqa: S301  of our own process
        assert Counter(row["event_id"] for row in rows) == Counter(f"e{n}" for n in range(1, RECORDS + 1))
        newer = sum(
            landed.rows for commit in _commits(one) if commit.code_version == NEWER for landed in commit.objects
        )
        assert sum(row[COLUMN] == "new" for row in rows) == newer


def _commits(one: Played) -> list[Any]:
    return list(account_lane(Account(), one.lake.ledger, Lane(CONSUMER, SOURCE.epoch, SOURCE.shard_id)))


def _versions(one: Played) -> list[str]:
    return [commit.code_version for commit in _commits(one)]
