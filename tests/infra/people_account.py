"""A deployed stack with roles for people, in use: events came in, days were compacted, scored and reported."""

import base64
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.session import Session

import detect_anomalies
import process_events
from aws_stores import DynamoTable, S3Bucket
from batch_jobs import run_steps
from clickstream.intake.kinesis import decode_batch
from clickstream.ports import Key
from clickstream.stream.failures import PREFIX
from local_aws.athena import AthenaServer
from tests.aws.small_forest import registered
from tests.infra import mishaps
from tests.infra.deployed_account import Deployed
from tests.infra.policy_guard import Guard, acting_as
from tests.infra.policy_people import OF_PEOPLE
from tests.infra.policy_requests import ACCOUNT, arn
from tests.simulation.records import encoded, zstd
from tests.simulation.recovery_parts import invocation_record

STACK = "clickstream-production"
PRINCIPALS = {
    "analystPrincipal": f"arn:aws:iam::{ACCOUNT}:role/analysts",
    "scientistPrincipal": f"arn:aws:iam::{ACCOUNT}:user/ada",
    "onCallPrincipal": f"arn:aws:iam::{ACCOUNT}:root",
    "recoveryPrincipal": f"arn:aws:iam::{ACCOUNT}:role/repair",
}
HANDLERS = (process_events, detect_anomalies)
DAY = timedelta(days=1)


def events(count: int) -> list[bytes]:
    """Page views of three sessions."""
    return [
        encoded(session_id=f"s{n % 3}", user_id=f"u{n % 3}", page_url=f"https://shop.example/{n}") for n in range(count)
    ]


class StackInUse:
    """The parts of the deployed stack that people meet.

    Attributes:
        deployed: Its stores and names.
        outputs: Of the stack.
        mappings: The function's ARN of each event source mapping, by its id.
        is_switched_off: No mapping is enabled.
    """

    def __init__(self, deployed: Deployed, template: dict[str, Any]) -> None:
        self.deployed = deployed
        self.mappings, self.is_switched_off = {}, False
        for number, (name, one) in enumerate(deployed.stack.of_type("Lambda::EventSourceMapping").items()):
            deployed.stack.given[name] = f"00000000-0000-0000-0000-00000000000{number}"
            self.mappings[deployed.stack.given[name]] = arn("lambda", f"function:{one['FunctionName']}")
        self.outputs: dict[str, str] = {
            name: str(deployed.stack.value(one["Value"])) for name, one in template["Outputs"].items()
        }

    def guard(self, person: str) -> Guard:
        """Who acts as a role for people (`Analyst`)."""
        known = replace(self.deployed.known(), mappings=self.mappings, operations=OF_PEOPLE)
        return Guard(self.deployed.stack.role(f"People{person}"), known)

    def fill(self) -> None:
        """Let events come in, and the batch run over them; functions and job are not what is looked at here.

        The hour before three hours is compacted, its day scored and reported; what came now waits in landing.
        """
        now = datetime.now(UTC)
        early = now - timedelta(hours=3)
        self.process(self.send(early, *events(12), b"no event"))
        registered(mishaps.bucket(self.deployed))
        self.batch("open_partitions,audit_ledger,compact_events", now)
        self.batch("daily", (early + DAY).replace(hour=3), "--most-days", "1")
        self.process(self.send(now, *events(6)))

    def trouble(self) -> None:
        """A record is refused by old code, one is given up, a page is lost, and the consumer is switched off."""
        now = datetime.now(UTC)
        with patch("clickstream.intake.envelopes.MAX_EVENTS_PER_RECORD", 0):
            self.process(self.send(now, zstd(b"\n".join(events(2)))))
        self.give_up(self.send(now, *events(3), b"no event"))
        counters = DynamoTable(self.outputs["CountersTableName"])
        lost = next(iter(counters.scan()))
        counters.delete(Key(lost["pk"], lost["sk"]))
        self.is_switched_off = True

    def send(self, arrived: datetime, *payloads: bytes) -> dict[str, Any]:
        """Put records into the stream; the invocation that Lambda makes of them, had they arrived then."""
        kinesis: Any = boto3.client("kinesis")
        name = self.outputs["StreamName"]
        sent = [{"Data": payload, "PartitionKey": "one"} for payload in payloads]
        placed = kinesis.put_records(StreamName=name, Records=sent)["Records"]
        source = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
        return {
            "Records": [
                {
                    "eventID": f"{one['ShardId']}:{one['SequenceNumber']}",
                    "eventSourceARN": source,
                    "kinesis": {
                        "sequenceNumber": one["SequenceNumber"],
                        "approximateArrivalTimestamp": arrived.timestamp(),
                        "data": base64.b64encode(payload).decode(),
                    },
                }
                for one, payload in zip(placed, payloads, strict=True)
            ]
        }

    def process(self, invocation: dict[str, Any]) -> None:
        """Invoke both consumers."""
        for module, made in zip(HANDLERS, (process_events.processor, detect_anomalies.detector), strict=True):
            made.cache_clear()
            with patch.dict(os.environ, self.deployed.environment(f"{module.__name__}.handler")):
                assert module.handler(invocation, None) == {"batchItemFailures": []}
            made.cache_clear()

    def give_up(self, invocation: dict[str, Any]) -> str:
        """Lambda gives a batch up; the key of its object."""
        body = invocation_record(decode_batch(invocation), self.outputs["ProcessEventsFunctionName"])
        key = f"{PREFIX}process-events/one"
        S3Bucket(self.outputs["FailureBucketName"]).put(key, body)
        return key

    def batch(self, steps: str, now: datetime, *more: str) -> None:
        """One run of the job."""
        given = {name: value for name, value in self.deployed.arguments().items() if name != "--archives"}
        words = [*chain.from_iterable(given.items()), "--workers", "plain", "--steps", steps, "--now", now.isoformat()]
        assert run_steps.main([*words, *more]) == 0


@contextmanager
def answered(stack: StackInUse) -> Iterator[None]:
    """CloudFormation and Lambda know the stack, as far as it is asked; moto would need Docker to play them."""
    create = Session.create_client
    outputs = [{"OutputKey": name, "OutputValue": value} for name, value in stack.outputs.items()]
    functions = {one["FunctionName"]: one for one in stack.deployed.stack.of_type("Lambda::Function").values()}

    def function(path: str) -> dict[str, Any]:
        found = functions.get(path.split("/")[3], {})
        return {key: found[key] for key in ("FunctionName", "Environment") if key in found}

    def mappings(_: str) -> dict[str, Any]:
        state = "Disabled" if stack.is_switched_off else "Enabled"
        return {"EventSourceMappings": [{"UUID": one, "State": state} for one in stack.mappings]}

    answers: dict[str, Callable[[str], dict[str, Any]]] = {
        "cloudformation.DescribeStacks": lambda _: {"Stacks": [{"StackName": STACK, "Outputs": outputs}]},
        "lambda.GetFunction": lambda path: {"Configuration": function(path)},
        "lambda.GetFunctionConfiguration": function,
        "lambda.ListEventSourceMappings": mappings,
        "lambda.GetEventSourceMapping": lambda _: {},
        "lambda.UpdateEventSourceMapping": lambda _: {},
    }

    def answering(session: Session, *arguments: Any, **options: Any) -> Any:
        client: Any = create(session, *arguments, **options)
        for name, answer in answers.items():
            client.meta.events.register(f"before-call.{name}", partial(_answer, answer))
        return client

    with patch.object(Session, "create_client", answering):
        yield


def _answer(
    answer: Callable[[str], dict[str, Any]], params: dict[str, Any], **_: object
) -> tuple[AWSResponse, dict[str, Any]]:
    return AWSResponse("", HTTPStatus.OK, HTTPHeaders(), None), answer(params["url_path"])


@contextmanager
def signed_in(guard: Guard, cache: Path) -> Iterator[None]:
    """Everything inside is done by the role of the guard; Athena reads and writes by the rights of who asks."""
    with patch.dict(os.environ), acting_as(guard):
        os.environ.pop("AWS_ENDPOINT_URL_ATHENA", None)
        server = AthenaServer(boto3.Session(), "", cache)
        server.start()
        try:
            os.environ["AWS_ENDPOINT_URL_ATHENA"] = server.url
            yield
        finally:
            server.stop()
