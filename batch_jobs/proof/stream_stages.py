"""The first half of a proof, seconds long: sent, committed, counted, seen as a session."""

from collections import defaultdict
from typing import Any

import boto3

from aws_stores import CONFIG, DynamoTable, S3Bucket, call
from batch_jobs.proof import causes
from batch_jobs.proof.marked_events import EVENT_TYPE
from batch_jobs.proof.proving import Proof, StageError, sentence, wait_until
from batch_jobs.stream_reading import StreamReader
from clickstream.ledger import Commit, Ledger
from clickstream.live.counters import page_key
from clickstream.positions import Lane, padded
from clickstream.stream.processing import CONSUMER

MOST_RECORDS = 500
"""Of one PutRecords call."""


def send(proof: Proof) -> str:
    """Put the events into the stream, some into every open shard by its own range of hash keys."""
    reader = StreamReader(proof.names["StreamName"])
    client: Any = boto3.client("kinesis", config=CONFIG)
    records = [
        {"Data": data, "PartitionKey": proof.marked.session_id(number), "ExplicitHashKey": start}
        for number, start in enumerate(open_shards(proof.names["StreamName"]))
        for data in proof.marked.of_shard(number)
    ]
    epoch, positions = reader.epoch(), defaultdict(list)
    for first in range(0, len(records), MOST_RECORDS):
        reply = call(client.put_records, StreamName=reader.name, Records=records[first : first + MOST_RECORDS])
        for one in reply["Records"]:
            if "ErrorCode" in one:
                raise StageError(f"{reader.name} refused a record: {one['ErrorCode']}: {one.get('ErrorMessage')}")
            positions[Lane(CONSUMER, epoch, one["ShardId"])].append(padded(one["SequenceNumber"]))
    proof.positions = dict(positions)
    return f"{len(records)} records in {len(positions)} of {proof.marked.shards} open shards of {reader.name}"


def open_shards(stream: str) -> list[str]:
    """The first hash key of every shard that still takes records."""
    client: Any = boto3.client("kinesis", config=CONFIG)
    shards, arguments = [], {"StreamName": stream}
    while True:
        reply = call(client.list_shards, **arguments)
        shards += [one for one in reply["Shards"] if "EndingSequenceNumber" not in one["SequenceNumberRange"]]
        if not reply.get("NextToken"):
            return [shard["HashKeyRange"]["StartingHashKey"] for shard in shards]
        arguments = {"NextToken": reply["NextToken"]}


def commit(proof: Proof) -> str:
    """Wait until commits of the ledger name every record."""
    ledger = Ledger(DynamoTable(proof.names["LedgerTableName"]), S3Bucket(proof.names["BucketName"]))

    def look() -> list[Commit] | None:
        proof.commits = [
            one for lane, positions in proof.positions.items() for one in _covering(ledger, lane, positions)
        ]
        return None if _uncovered(proof) else proof.commits

    if wait_until(look, proof.limits.stream_s) is None:
        function = proof.names["ProcessEventsFunctionName"]
        problem = f"{len(_uncovered(proof))} of {proof.marked.count} records are in no commit of the ledger"
        raise StageError(
            sentence(f"{problem} after {proof.limits.stream_s:.0f} s", causes.of_function(proof, function))
        )
    bad = sum(one.bad for one in proof.commits)
    return f"{proof.marked.count} records in {len(proof.commits)} commits ({bad} bad events among all of theirs)"


def count(proof: Proof) -> str:
    """Wait until the pages of live counters have taken those commits in, and read the events of our type there."""
    table = DynamoTable(proof.names["CountersTableName"])
    deltas = [
        (one, minute, delta.event_types.get(EVENT_TYPE, 0))
        for one in proof.commits
        for minute, delta in one.deltas.items()
        if EVENT_TYPE in delta.event_types
    ]

    def look() -> bool | None:
        pages = [(one, events, table.get(page_key(minute, one.lane))) for one, minute, events in deltas]
        is_taken = [
            page is not None and page["lsn"] >= one.last and page["event_types"].get(EVENT_TYPE, 0) >= events
            for one, events, page in pages
        ]
        return all(is_taken) or None

    if wait_until(look, proof.limits.stream_s) is None:
        function = proof.names["ProcessEventsFunctionName"]
        problem = f"a page of {table.name} has not taken its commit in: `make ledger`, `make repair`"
        raise StageError(sentence(problem, causes.of_function(proof, function)))
    total = sum(events for _, _, events in deltas)
    if total < proof.marked.count:
        problem = f"only {total} of {proof.marked.count} events were accepted: `make sql FILE=sql/bad_events.sql`"
        raise StageError(problem)
    return f"{total} events of type {EVENT_TYPE} in {len(deltas)} pages of {table.name}"


def see_sessions(proof: Proof) -> str:
    """Wait until the other consumer keeps the sessions."""
    table = DynamoTable(proof.names["SessionMetricsTableName"])
    sessions = [proof.marked.session_id(number) for number in range(proof.marked.shards)]

    def look() -> bool | None:
        is_there = [sum(page["events"] for page in table.query(one)) >= proof.marked.per_shard for one in sessions]
        return all(is_there) or None

    if wait_until(look, proof.limits.stream_s) is None:
        function = proof.names["DetectAnomaliesFunctionName"]
        problem = f"not all of {len(sessions)} sessions are in {table.name} after {proof.limits.stream_s:.0f} s"
        raise StageError(sentence(problem, causes.of_function(proof, function)))
    return f"{len(sessions)} sessions in {table.name}"


def _covering(ledger: Ledger, lane: Lane, positions: list[str]) -> list[Commit]:
    """The commits that hold any of the positions."""
    found = ledger.covering(lane, min(positions), max(positions))
    return [one for one in found if any(map(one.covers, positions))]


def _uncovered(proof: Proof) -> list[str]:
    return [
        position
        for lane, positions in proof.positions.items()
        for position in positions
        if not any(one.lane.main == lane and one.covers(position) for one in proof.commits)
    ]
