"""The second half of a proof, minutes long: compacted, found by a query, reported, and erased again."""

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3

from aws_stores import CONFIG, call
from batch_jobs.proof.marked_events import EVENT_TYPE
from batch_jobs.proof.proving import Proof, StageError, is_on_this_machine, wait_until
from batch_jobs.queries import Answer, Guard
from batch_jobs.steps import NOW
from clickstream.lake.statements import Value, read_statement
from clickstream.lake.tombstones import Name

SQL = Path(__file__).parents[2] / "sql"
LETTERS = 500
_LOOK_EVERY_S = 10.0


def compact(proof: Proof) -> str:
    """Have the open hour compacted: by the state machine, or here where the endpoint runs no Glue job."""
    if is_on_this_machine():
        _run_module("run_steps", "--steps", NOW, "--stack", proof.stack)
        return f"{', '.join(proof.hours)} compacted by this process"
    client: Any = boto3.client("stepfunctions", config=CONFIG)
    machine = proof.names["StateMachineArn"]
    name, given = f"smoke-{proof.marked.run_id}", json.dumps({"steps": NOW})
    arn = call(client.start_execution, stateMachineArn=machine, name=name, input=given)["executionArn"]

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = call(client.describe_execution, executionArn=arn)
        return None if found["status"] == "RUNNING" else found

    ended = wait_until(look, proof.limits.batch_s, _LOOK_EVERY_S)
    where = f"see the execution {arn}, and the newest run of the Glue job {proof.names['JobName']}"
    if ended is None:
        raise StageError(f"the batch has not ended after {proof.limits.batch_s:.0f} s; {where}")
    if ended["status"] != "SUCCEEDED":
        why = ": ".join(filter(None, (ended.get("error"), ended.get("cause"))))
        raise StageError(f"the batch ended {ended['status']} {why[:LETTERS]}; {where}")
    return f"{', '.join(proof.hours)} compacted by {machine.rpartition(':')[2]}"


def query(proof: Proof) -> str:
    """Find every event exactly once in `raw_events`, through the workgroup."""
    answer, events = _rows_of_visitor(proof)
    if events != proof.marked.count:
        problem = f"{events} rows of {proof.marked.count} events are in raw_events of {', '.join(proof.hours)}"
        raise StageError(f"{problem} (query {answer.query_id}): `make ledger` says where they are")
    return f"{events} rows, each event once; query {answer.query_id} read {answer.bytes_scanned} bytes"


def report(proof: Proof) -> str:
    """Find them in a statement of the reports, over the time in which they happened."""
    end = proof.marked.sent_time + timedelta(hours=1)
    answer = _ask(proof, "event_types", {"start": proof.marked.first_time, "end": end})
    counts = {row["event_type"]: int(row["events"]) for row in answer.rows()}
    if counts.get(EVENT_TYPE, 0) < proof.marked.count:
        raise StageError(f"event_types counts {counts.get(EVENT_TYPE, 0)} events of {EVENT_TYPE} ({answer.query_id})")
    return f"event_types: {counts[EVENT_TYPE]} of {EVENT_TYPE} among {sum(counts.values())} events"


def erase(proof: Proof) -> str:
    """Have them erased as a person is: what is live goes at once, the rows of an open hour when it is over."""
    words = ("--stack", proof.stack, "--anonymous", proof.marked.anonymous_id)
    lines = [json.loads(line) for line in _run_module("erase_events", *words).splitlines()]
    request = next(line["request"] for line in lines if line["state"] == "asked")
    found = next((line for line in lines if line["request"] == request and line["state"] != "asked"), None)
    if found is None or found["events"] != proof.marked.count:
        problem = f"the erasure {request} found {found['events'] if found else 'none'} of {proof.marked.count} events"
        raise StageError(f"{problem}: see `_erasures/` in {proof.names['BucketName']}")
    gone = f"{found['events']} events and {found['session_items']} sessions are erased"
    if found["state"] != "done":
        return f"{gone} by request {request}; their rows go with the first hourly run after {proof.hours[-1]}"
    _, events = _rows_of_visitor(proof)
    if events:
        raise StageError(f"{events} rows are left after the erasure {request}: `make erase` goes on")
    return f"{gone}, request {request} is done and no row is left"


def _rows_of_visitor(proof: Proof) -> tuple[Answer, int]:
    """The rows of the visitor of this proof, in the hours that got them."""
    digest = Name("anonymous_id", proof.marked.anonymous_id).digest
    end = proof.marked.sent_time + timedelta(hours=1)
    answer = _ask(proof, "erased_events", {"start": proof.marked.first_time, "end": end, "digest": digest})
    return answer, int(answer.rows()[0]["events"])


def _ask(proof: Proof, name: str, values: Mapping[str, Value]) -> Answer:
    guard = Guard(proof.names["DatabaseName"], proof.names["WorkgroupName"])
    return guard.ask(read_statement(SQL / f"{name}.sql"), proof.hours, values)


def _run_module(name: str, *words: str) -> str:
    """What a command of ours prints; its last words as a `StageError` if it fails."""
    command = [sys.executable, "-m", f"batch_jobs.{name}", *words]
    done = subprocess.run(command, cwd=SQL.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StageError(f"batch_jobs.{name}: {done.stderr.strip()[-LETTERS:]}")
    return done.stdout
