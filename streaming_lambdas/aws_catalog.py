"""The Glue Data Catalog behind `clickstream.lake.catalog.Catalog`, through boto3."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3

from aws_stores import CONFIG, call
from clickstream.errors import ClickstreamError, Conflict, InfrastructureError
from clickstream.lake.catalog import Partition

_EXISTS = "AlreadyExistsException"
_ABSENT = "EntityNotFoundException"
_GENERATION = "generation"
_POINTED_TIME = "pointed_time"


class GlueCatalog:
    """The partitions of the tables of one Glue database: by `dt` and `hour`, or by `dt` alone."""

    def __init__(self, database: str, client: Any = None) -> None:  # noqa: ANN401  boto3's own types
        self.database = database
        self._client = client or boto3.client("glue", config=CONFIG)
        self._storage: dict[str, dict[str, Any]] = {}

    def get(self, table: str, hour: str) -> Partition | None:
        """The partition, or None."""
        try:
            reply = self._call("get_partition", table, PartitionValues=_values(hour))
        except InfrastructureError as error:
            if _code(error) == _ABSENT:
                return None
            raise
        return _partition(reply["Partition"])

    def list(self, table: str) -> Iterator[Partition]:
        """All partitions of the table, in no order."""
        arguments: dict[str, Any] = {"ExcludeColumnSchema": True}
        while True:
            reply = self._call("get_partitions", table, **arguments)
            yield from map(_partition, reply["Partitions"])
            if not reply.get("NextToken"):
                return
            arguments["NextToken"] = reply["NextToken"]

    def create(self, table: str, partition: Partition) -> None:
        """Add it; raise `Conflict` if the hour has one."""
        try:
            self._call("create_partition", table, PartitionInput=self._input(table, partition))
        except InfrastructureError as error:
            if _code(error) == _EXISTS:
                raise Conflict(str(error)) from error
            raise

    def update(self, table: str, partition: Partition) -> None:
        """Replace the hour's partition."""
        entry = {"PartitionValueList": _values(partition.hour), "PartitionInput": self._input(table, partition)}
        reply = self._call("batch_update_partition", table, Entries=[entry])
        if errors := reply.get("Errors"):
            raise InfrastructureError(f"{self.database}.{table} {partition.hour} was not updated: {errors}")

    def _input(self, table: str, partition: Partition) -> dict[str, Any]:
        """Glue keeps the columns with each partition: it gets those of the table, and its own location."""
        if table not in self._storage:
            found = call(self._client.get_table, DatabaseName=self.database, Name=table)
            self._storage[table] = found["Table"]["StorageDescriptor"]
        given = {_GENERATION: partition.generation, _POINTED_TIME: partition.pointed_time}
        return {
            "Values": _values(partition.hour),
            "StorageDescriptor": self._storage[table] | {"Location": partition.location},
            "Parameters": {name: str(value) for name, value in given.items() if value is not None},
        }

    def _call(self, operation: str, table: str, **arguments: Any) -> Any:  # noqa: ANN401  boto3's own types
        function = getattr(self._client, operation)
        return call(function, DatabaseName=self.database, TableName=table, **arguments)


def _code(error: ClickstreamError) -> str:
    """The service's error code behind a translated error."""
    response: dict[str, dict[str, str]] = getattr(error.__cause__, "response", {})
    return response.get("Error", {}).get("Code", "")


def _values(hour: str) -> list[str]:
    """`2026-11-21T09` gives the partition values `["2026-11-21", "9"]`; a date is its only value."""
    date, _, number = hour.partition("T")
    return [date, str(int(number))] if number else [date]


def _partition(found: dict[str, Any]) -> Partition:
    date, *number = found["Values"]
    parameters = found.get("Parameters") or {}
    generation, pointed_time = parameters.get(_GENERATION), parameters.get(_POINTED_TIME)
    return Partition(
        hour=f"{date}T{int(number[0]):02}" if number else date,
        location=found["StorageDescriptor"]["Location"],
        generation=int(generation) if generation else None,
        pointed_time=datetime.fromisoformat(pointed_time) if pointed_time else None,
    )
