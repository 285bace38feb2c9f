"""A table restored beside itself, compared with itself, and deleted. The table is only read, never written."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import boto3

from aws_stores import DynamoTable, call
from clickstream.errors import ConfigError, InfrastructureError
from clickstream.ports import Item, Key

MARK = "-drill-"
"""Stands in the name of every copy; nothing without it is ever deleted."""
_POLL_S = 5.0
_TOGETHER = 100
"""Items that one request reads."""
_SHAPE = ("KeySchema", "AttributeDefinitions")


@dataclass
class Comparison:
    """What a copy holds beside its table, in items.

    Attributes:
        table: Name of the table.
        counts: `equal`; `changed` and `gone` since the moment that was restored, as live items do.
        problems: What must not be.
    """

    table: str
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


class TableCopies:
    """The copies that one drill makes. `client` is DynamoDB; `run_id` ends their names."""

    def __init__(self, run_id: str, client: Any = None) -> None:  # noqa: ANN401  boto3's own types
        self._client = client or boto3.client("dynamodb")
        self._run_id = run_id
        self.names: dict[str, str] = {}
        """The copy of each table, as long as it is there."""

    def restore(self, table: str) -> None:
        """Begin to restore the table as it was at the latest moment that can be restored, about five minutes ago.

        Raises `ConfigError` if its point-in-time recovery is off.
        """
        found = call(self._client.describe_continuous_backups, TableName=table)["ContinuousBackupsDescription"]
        if found.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
            raise ConfigError(f"{table} has no point-in-time recovery: deploy the stack again, or switch it on")
        copy = f"{table}{MARK}{self._run_id}"
        call(
            self._client.restore_table_to_point_in_time,
            SourceTableName=table,
            TargetTableName=copy,
            UseLatestRestorableTime=True,
        )
        self.names[table] = copy

    def wait(self, table: str, limit_s: float) -> None:
        """Wait until the copy can be read. Raises `InfrastructureError` after `limit_s` seconds."""
        deadline = time.monotonic() + limit_s
        while (status := self._described(self.names[table])["TableStatus"]) != "ACTIVE":
            if time.monotonic() > deadline:
                raise InfrastructureError(f"{self.names[table]} is {status} after {limit_s:.0f} s; try a longer limit")
            time.sleep(_POLL_S)

    def compare(self, table: str, *, commits_of: Sequence[str] = ()) -> Comparison:
        """Read the whole copy, and the same items of the table. `commits_of`: keys whose items never change."""
        found = Comparison(table, problems=list(self._misshapen(table)))
        original, copy = DynamoTable(table, self._client), DynamoTable(self.names[table], self._client)
        rest = copy.scan()
        while items := list(islice(rest, _TOGETHER)):
            now = original.get_many(_key(item) for item in items)
            for item in items:
                became = _became(item, now.get(_key(item)))
                found.counts[became] += 1
                if became != "equal" and item["pk"] in commits_of:
                    found.problems.append(f"the commit {item['pk']} {item['sk']} is {became}, and no commit may be")
        if not found.counts and next(original.scan(), None):
            found.problems.append("the copy is empty, and the table is not")
        return found

    def delete(self) -> list[str]:
        """Delete the copies; the names of those that cannot be deleted yet, because they are still being made."""
        left = []
        for table, copy in list(self.names.items()):
            try:
                call(self._client.delete_table, TableName=copy)
            except InfrastructureError:
                left.append(copy)
            else:
                del self.names[table]
        return left

    def _misshapen(self, table: str) -> Iterator[str]:
        """Keys, indexes and encryption that the copy does not have as the table has them."""
        before, after = self._described(table), self._described(self.names[table])
        for name in _SHAPE:
            if _sorted(before.get(name)) != _sorted(after.get(name)):
                yield f"{name} of the copy is {after.get(name)}, not {before.get(name)}"
        indexes = [{one["IndexName"] for one in each.get("GlobalSecondaryIndexes", ())} for each in (before, after)]
        if indexes[0] != indexes[1]:
            yield f"indexes of the copy are {sorted(indexes[1])}, not {sorted(indexes[0])}"

    def _described(self, table: str) -> dict[str, Any]:
        found: dict[str, Any] = call(self._client.describe_table, TableName=table)["Table"]
        return found


def _key(item: Item) -> Key:
    return Key(item["pk"], item["sk"])


def _became(before: Item, now: Item | None) -> str:
    if now is None:
        return "gone"
    return "equal" if now == before else "changed"


def _sorted(parts: Any) -> list[str]:  # noqa: ANN401  boto3's own types
    return sorted(map(repr, parts or ()))
