"""The compaction job, killed before and after every call to the services: nothing is lost, doubled or left over."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient

from aws_catalog import GlueCatalog
from aws_stores import S3Bucket
from batch_jobs import compact_events
from clickstream.lake.work import Lake, unfinished
from clickstream.ledger import Ledger
from clickstream.tables import LAKE_TABLES
from tests.aws.empty_stores import new_table
from tests.aws.small_lake import table_input
from tests.simulation.fake_lake import HOUR, NEXT, Sent, land, visible
from tests.simulation.kill_points import Killed, KillPoint, kill_points
from tests.simulation.lake_ending import garbage, wrong_sums

NOW, LATER = "2026-11-21T12:00:00", "2026-12-21T12:00:00"


class Site:
    """Stores with names of their own: an hour with a generation and late events, and one that only landed."""

    def __init__(self, name: str) -> None:
        boto3.client("s3").create_bucket(Bucket=name)
        boto3.client("glue").create_database(DatabaseInput={"Name": name})
        for table in LAKE_TABLES:
            boto3.client("glue").create_table(DatabaseName=name, TableInput=table_input(table))
        bucket = S3Bucket(name)
        self.name = name
        self.lake = Lake(bucket, Ledger(new_table(name), bucket), GlueCatalog(name), lambda: datetime.now(UTC))
        land(self.lake, HOUR, [Sent("a", 1), Sent("b", 2)])
        self.compact()
        land(self.lake, HOUR, [Sent("b", 3), Sent("c", 4)])
        land(self.lake, NEXT, [Sent("c", 11), Sent("d", 12)])

    def compact(self, now: str = NOW) -> int:
        """One run of the job."""
        names = ["--bucket", self.name, "--database", self.name, "--ledger-table", self.name]
        return compact_events.main([*names, "--now", now])


@pytest.fixture(params=["write", pytest.param("call", marks=pytest.mark.long)])
def points(aws: None, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Iterator[KillPoint]]:
    """Kill points at the calls of every client, or at those that write, where alone a death makes a difference."""
    made = BaseClient._make_api_call  # type: ignore[attr-defined]  # not in the stubs

    def guarded(self: BaseClient, operation: str, arguments: Any) -> Any:
        is_write = operation.startswith(("Put", "Create", "Update", "Delete", "BatchUpdate"))
        is_counted = is_write or (request.param == "call" and ARMED and not ARMED[0].takes_effect)
        if not ARMED or not is_counted:
            return made(self, operation, arguments)
        return ARMED[0].call(made, self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", guarded)
    yield kill_points(errors=[Killed("dead")])
    ARMED.clear()


ARMED: list[KillPoint] = []


def test_killed_at_any_call(points: Iterator[KillPoint], capsys: pytest.CaptureFixture[str]) -> None:
    """Readers see at least what they saw; one more run brings rest; after the graces nothing is left over."""
    numbers = count()
    for point in points:
        site = Site(f"site-{next(numbers)}")
        ARMED.append(point)
        with suppress(Killed):
            site.compact()
        ARMED.clear()
        assert not Counter("ab") - visible(site.lake)
        assert site.compact() == 0
        assert unfinished(site.lake, [HOUR, NEXT]) == []
        assert visible(site.lake) == Counter("abcd")
        assert site.compact(LATER) == 0
        assert [*garbage(site.lake), *wrong_sums(site.lake)] == []
        assert visible(site.lake) == Counter("abcd")
    capsys.readouterr()
    assert next(numbers) > 15
