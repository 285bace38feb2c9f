"""What goes wrong in a deployed account, so that roles need what they have for bad days."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import boto3

from aws_stores import DynamoTable, S3Bucket
from clickstream.detection.watching import CURSOR
from clickstream.intake.kinesis import Batch
from clickstream.lake import erasure_requests
from clickstream.lake.tombstones import Name
from clickstream.ports import Key
from clickstream.tables import BAD_EVENTS, LANDING_PREFIX, QUARANTINE_PREFIX, RAW_EVENTS, REPORTS_PREFIX
from tests.infra.deployed_account import Deployed
from tests.simulation.records import encoded, record
from tests.simulation.recovery_parts import ARN, FUNCTION, invocation_record

SESSION = "canary-session-7f3a"
"""Who has it is erased."""
HOUR = "dt=2026-11-21/hour=9"


def table(deployed: Deployed, name: str) -> str:
    """The deployed name of a table."""
    names: list[str] = [found["TableName"] for found in deployed.stack.of_type("DynamoDB::Table").values()]
    return next(found for found in names if found.endswith(f"-{name}"))


def bucket(deployed: Deployed) -> S3Bucket:
    """The bucket of the lake."""
    return S3Bucket(deployed.arguments()["--bucket"])


def archives(deployed: Deployed) -> list[str]:
    """The addresses of the job's archives, each with something in it."""
    addresses = deployed.arguments()["--archives"].split(",")
    places = [address.removeprefix("s3://").partition("/") for address in addresses]
    for name in {name for name, _, _ in places}:
        deployed.s3.create_bucket(Bucket=name)
    for name, _, key in places:
        deployed.s3.put_object(Bucket=name, Key=key, Body=b"archive")
    return addresses


@contextmanager
def rival_series() -> Iterator[None]:
    """Every series seems new, though somebody has stored it; the cursor is read as it is."""
    real = DynamoTable.query

    def query(self: DynamoTable, pk: str, **more: Any) -> Iterator[Any]:
        found = real(self, pk, **more)
        return (item for item in found if item["sk"] == CURSOR) if self.name.endswith("-traffic-states") else found

    with patch.object(DynamoTable, "query", query):
        yield


def forget_work(deployed: Deployed) -> None:
    """A function crashed after its newest commit: its objects are on no work list."""
    ledger = DynamoTable(table(deployed, "ledger"))
    newest = max((one for one in ledger.scan() if one["pk"].startswith("hour#")), key=lambda one: str(one["sk"]))
    ledger.delete(Key(newest["pk"], newest["sk"]))


def damage_landing(deployed: Deployed) -> None:
    """One object that a commit names cannot be read."""
    lake = bucket(deployed)
    lake.put(min(entry.key for entry in lake.list(f"{LANDING_PREFIX}/")), b"damaged")


def lose_partition(deployed: Deployed) -> None:
    """Somebody deleted a partition."""
    database = deployed.arguments()["--database"]
    boto3.client("glue").delete_partition(
        DatabaseName=database, TableName=RAW_EVENTS.name, PartitionValues=["2026-11-21", "9"]
    )


def leave_rubbish(deployed: Deployed) -> None:
    """Files that no commit names: refused events, rows set aside, and a report that somebody put there by hand."""
    lake = bucket(deployed)
    for zone, copy in (
        (BAD_EVENTS.name, f"{BAD_EVENTS.name}/{HOUR}/again.parquet"),
        (RAW_EVENTS.name, f"{QUARANTINE_PREFIX}/{HOUR}/g=000001-crashed/part-0.parquet"),
    ):
        lake.put(copy, lake.get(next(entry.key for entry in lake.list(f"{zone}/"))))
    lake.put(f"{REPORTS_PREFIX}/by-hand/2026-11-21/sessions.csv", f"session_id\n{SESSION}\n".encode())


def give_up(deployed: Deployed) -> None:
    """Lambda gave up a batch, in which nobody is named."""
    given_up = Batch(ARN, "shardId-000000000000", (record(encoded(session_id="s2")),))
    failures = S3Bucket(deployed.arguments()["--failure-bucket"])
    failures.put("aws/lambda/process-events/one", invocation_record(given_up, FUNCTION))


def ask_for_erasure(deployed: Deployed) -> None:
    """Somebody asks to be forgotten, as of tomorrow: moto dates objects by the real clock."""
    request = erasure_requests.Request(
        request_id="r1",
        names=(Name("session_id", SESSION),),
        texts=(SESSION,),
        request_time=datetime.now(UTC).replace(microsecond=0) + timedelta(days=1),
    )
    erasure_requests.ask(DynamoTable(table(deployed, "ledger")), request)
