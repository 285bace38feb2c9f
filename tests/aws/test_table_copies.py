"""A restored copy beside its table: what is noticed, and that nothing but copies is ever deleted."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from aws_stores import DynamoTable
from batch_jobs.drill.table_copies import Comparison, TableCopies
from clickstream.errors import ConfigError
from clickstream.ports import Key
from tests.aws.empty_stores import new_table

LANE, WORK = "process_events/1763000000/shardId-000000000000", "hour#2026-11-21T09"
COMMIT = {"pk": LANE, "sk": "-start", "records": 3}


@pytest.fixture
def ledger(aws: None) -> DynamoTable:
    """A table that can be restored, with a commit and an entry of the work list."""
    made = new_table("ledger")
    boto3.client("dynamodb").update_continuous_backups(
        TableName=made.name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    made.put(COMMIT)
    made.put({"pk": WORK, "sk": "lane", "rows": 3})
    return made


@pytest.fixture
def compared(ledger: DynamoTable) -> Callable[..., Comparison]:
    """Restores, lets something happen, compares and deletes the copy."""

    def drilled(meanwhile: Callable[[str], Any] = lambda _: None) -> Comparison:
        copies = TableCopies("1a2b3c4d")
        copies.restore(ledger.name)
        copies.wait(ledger.name, 5)
        meanwhile(copies.names[ledger.name])
        found = copies.compare(ledger.name, commits_of=[LANE])
        assert copies.delete() == []
        assert boto3.client("dynamodb").list_tables()["TableNames"] == ["ledger"]
        return found

    return drilled


def test_an_equal_copy_has_no_problem(compared: Callable[..., Comparison]) -> None:
    """Every item of it is counted."""
    found = compared()
    assert (found.counts, found.problems) == ({"equal": 2}, [])


def test_live_items_may_move_on(compared: Callable[..., Comparison], ledger: DynamoTable) -> None:
    """The work list changes and goes, new commits come."""

    def work(_: str) -> None:
        ledger.delete(Key(WORK, "lane"))
        ledger.put(COMMIT | {"sk": "7"})

    found = compared(work)
    assert (found.counts, found.problems) == ({"equal": 1, "gone": 1}, [])


def test_a_commit_may_not(compared: Callable[..., Comparison], ledger: DynamoTable) -> None:
    """Neither changed nor gone: it says which one."""
    changed = compared(lambda _: ledger.put(COMMIT | {"records": 2}))
    assert changed.problems == [f"the commit {LANE} -start is changed, and no commit may be"]
    gone = compared(lambda copy: DynamoTable(copy).put(COMMIT | {"sk": "9"}))
    assert gone.problems == [f"the commit {LANE} 9 is gone, and no commit may be"]


def test_an_empty_copy_is_noticed(compared: Callable[..., Comparison]) -> None:
    """A restore that brings nothing back is no restore."""

    def empty(copy: str) -> None:
        table = DynamoTable(copy)
        for item in list(table.scan()):
            table.delete(Key(item["pk"], item["sk"]))

    assert compared(empty).problems == ["the copy is empty, and the table is not"]


def test_a_missing_index_is_noticed(compared: Callable[..., Comparison]) -> None:
    """Alerts that wait are found by it."""
    remove: Any = [{"Delete": {"IndexName": "pending"}}]
    client = boto3.client("dynamodb")
    found = compared(lambda copy: client.update_table(TableName=copy, GlobalSecondaryIndexUpdates=remove))
    assert "indexes of the copy are [], not ['pending']" in found.problems


def test_a_table_without_recovery_is_not_restored(aws: None) -> None:
    """The sentence names it."""
    new_table("bare")
    with pytest.raises(ConfigError, match="bare has no point-in-time recovery"):
        TableCopies("1a2b3c4d").restore("bare")
