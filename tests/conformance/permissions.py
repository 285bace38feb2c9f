"""What IAM says: decisions of its simulator, and the words in which services refuse who may do nothing."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.conformance.scenarios import QUESTIONS, Question
from tests.conformance.scratch import Scratch
from tests.conformance.transcripts import Recorder
from tests.infra.policy_statements import Request, allowed_by, grants

DECISION, DENIAL = "decision", "denial"
_LISTS = "stringList"


CALLS: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    "s3_get": ("s3", lambda s3, name: s3.get_object(Bucket=name, Key="words/one.csv")),
    "s3_get_what_is_not_there": ("s3", lambda s3, name: s3.get_object(Bucket=name, Key="nothing")),
    "s3_list": ("s3", lambda s3, name: s3.list_objects_v2(Bucket=name)),
    "kinesis_put": ("kinesis", lambda kinesis, name: kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="x")),
    "dynamodb_put": ("dynamodb", lambda table, name: table.put_item(TableName=name, Item={"pk": {"S": "x"}})),
    "glue_get": ("glue", lambda glue, name: glue.get_table(DatabaseName=name, Name="words")),
    "athena_get": ("athena", lambda athena, name: athena.get_work_group(WorkGroup=name)),
}
"""What a role without a policy tries."""


def record(scratch: Scratch, recorder: Recorder) -> None:
    """Ask every question. Locally it is our own evaluator that answers; the emulator refuses nobody anything."""
    decide = local_decision if scratch.place == "local" else _simulated(scratch)
    for question in QUESTIONS:
        told = {"statements": list(question.statements), "action": question.action, "resource": question.resource}
        allowed = {"context": dict(question.context), "is_allowed": decide(question)}
        recorder.write(DECISION, question.name, told | allowed)
    print(f"{DECISION} {len(QUESTIONS)}", flush=True)
    if scratch.place == "aws":
        _record_denials(scratch, recorder)


def local_decision(question: Question) -> bool:
    """What the evaluator of the tests says, by which our roles are proven."""
    return bool(allowed_by(grants(question.statements), Request(question.action, question.resource, question.context)))


def _simulated(scratch: Scratch) -> Callable[[Question], bool]:
    iam = scratch.client("iam")

    def decide(question: Question) -> bool:
        statements = json.dumps({"Version": "2012-10-17", "Statement": list(question.statements)})
        context = [
            {"ContextKeyName": key, "ContextKeyValues": list(values), "ContextKeyType": _kind(key)}
            for key, values in question.context.items()
        ]
        answer = iam.simulate_custom_policy(
            PolicyInputList=[statements],
            ActionNames=[question.action],
            ResourceArns=[question.resource],
            ContextEntries=context,
        )
        return bool(answer["EvaluationResults"][0]["EvalDecision"] == "allowed")

    return decide


def _kind(key: str) -> str:
    if key == "aws:SecureTransport":
        return "boolean"
    return _LISTS if key == "dynamodb:LeadingKeys" else "string"


def _record_denials(scratch: Scratch, recorder: Recorder) -> None:
    """Calls of a role that has no policy at all."""
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{scratch.account}:root"}, "Action": "sts:AssumeRole"}
    role = scratch.role("nobody", root)
    keys = scratch.client("sts").assume_role(RoleArn=role, RoleSessionName="nobody")["Credentials"]
    as_nobody = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    for name, (service, call) in CALLS.items():
        client = scratch.client_with(service, as_nobody)
        try:
            call(client, scratch.name)
        except ClientError as error:
            told = error.response
            status = told["ResponseMetadata"]["HTTPStatusCode"]
            recorder.write(DENIAL, name, {"status": status, "error": dict(told["Error"])})
        else:
            raise AssertionError(f"{name} was allowed to a role without a policy")
    print(f"{DENIAL} {len(CALLS)}", flush=True)
