"""What Athena makes of a statement: its state, the words of its failure, and the files that it leaves."""

import base64
import re
import time
from typing import Any

from botocore.exceptions import ClientError

from tests.conformance.scenarios import STATEMENTS
from tests.conformance.scratch import Scratch
from tests.conformance.transcripts import Recorder

KIND = "athena"
_POLL_S = {"aws": 1.0, "local": 0.1}
_READ_BYTES = 4_000


def record(scratch: Scratch, recorder: Recorder) -> None:
    """Ask every statement and keep what came of it."""
    glue = scratch.client("glue")
    scratch.remove_later(
        glue.batch_delete_table, DatabaseName=scratch.database, TablesToDelete=["words", "big", "made"]
    )
    for name, statement in STATEMENTS.items():
        recorder.write(KIND, name, _asked(scratch, statement))
        print(f"{KIND} {name}", flush=True)


def comparable(transcript: dict[str, Any]) -> dict[str, Any]:
    """What two places must agree on: all but place, time and versions."""
    return {name: transcript.get(name) for name in ("refused", "state", "kind", "error", "reason", "files", "columns")}


def _asked(scratch: Scratch, statement: str) -> dict[str, Any]:
    athena, told = scratch.client("athena"), {"statement": statement}
    try:
        one = athena.start_query_execution(
            QueryString=statement.format(bucket=scratch.name),
            QueryExecutionContext={"Database": scratch.database},
            WorkGroup=scratch.name,
        )["QueryExecutionId"]
    except ClientError as error:
        return told | {"refused": {name: error.response["Error"].get(name) for name in ("Code", "Message")}}
    while (found := athena.get_query_execution(QueryExecutionId=one)["QueryExecution"])["Status"]["State"] in (
        "QUEUED",
        "RUNNING",
    ):
        time.sleep(_POLL_S[scratch.place])
    status, problem = found["Status"], found["Status"].get("AthenaError", {})
    return told | {
        "state": status["State"],
        "kind": [found.get("StatementType"), found.get("SubstatementType")],
        "error": {name: problem.get(name) for name in ("ErrorCategory", "ErrorType", "Retryable")},
        "reason": status.get("StateChangeReason"),
        "files": _files(scratch, one),
        "columns": _columns(athena, one) if status["State"] == "SUCCEEDED" else None,
    }


def _files(scratch: Scratch, one: str) -> dict[str, str]:
    """The objects of the execution beside its result, by what follows its id: text, or base64 where it is none."""
    s3 = scratch.client("s3")
    found = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=scratch.name, Prefix="results/"):
        for entry in page.get("Contents", ()):
            before, _, rest = entry["Key"].partition(one)
            if one in entry["Key"]:
                body = s3.get_object(Bucket=scratch.name, Key=entry["Key"])["Body"].read()[:_READ_BYTES]
                found[f"{before}<id>{rest}"] = _readable(body)
    return found


def _readable(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return f"base64:{base64.b64encode(body).decode()}"
    if "\0" in text:
        return f"base64:{base64.b64encode(body).decode()}"
    # A manifest names files, which have random names.
    return re.sub(r"/\d{8}_\d{6}_\S+|/[0-9a-f_-]{20,}\S*", "/<file>", text)


def _columns(athena: Any, one: str) -> list[dict[str, Any]]:
    told = athena.get_query_results(QueryExecutionId=one)["ResultSet"].get("ResultSetMetadata", {})
    return [{name: column.get(name) for name in ("Name", "Type", "Nullable")} for column in told.get("ColumnInfo", ())]
