"""Plays the state machine of a template under its role, by the interpreter of moto; QuickSight does as told."""

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
from botocore.session import Session
from moto import mock_aws
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_aws_sdk as sdk

from tests.aws.alert_queue import listening, messages
from tests.infra.deployed_account import CREDENTIALS
from tests.infra.policy_guard import Guard, acting_as
from tests.infra.policy_requests import ACCOUNT, REGION, Account
from tests.infra.policy_template import Resolved

Json = dict[str, Any]
_IMPORT = re.compile(r".*/data-sets/([^/]+)/ingestions/([^/]+)")
LONGEST_S = 60
ROLE = f"arn:aws:iam::{ACCOUNT}:role/batch"


@dataclass
class QuickSight:
    """Imports in memory.

    Attributes:
        states: What `DescribeIngestion` says of a dataset, call by call; the last one again and again.
        refusals: Errors that calls of `CreateIngestion` for a dataset end with, one each.
        lost: Datasets whose next `CreateIngestion` works, but its answer is lost.
        started: Dataset and import of every one that was made.
    """

    states: dict[str, list[str]] = field(default_factory=dict)
    refusals: dict[str, list[str]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    started: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, model: Any, params: Json, **_: object) -> tuple[SimpleNamespace, Json]:
        """In place of the request."""
        found = _IMPORT.fullmatch(params["url_path"])
        assert found
        dataset, name = found.groups()
        status, body = self._create(dataset, name) if model.name == "CreateIngestion" else self._describe(dataset, name)
        return SimpleNamespace(status_code=status), {**body, "ResponseMetadata": _metadata(status)}

    def _create(self, dataset: str, name: str) -> tuple[int, Json]:
        if refusals := self.refusals.get(dataset):
            return _error(400, refusals.pop(0))
        if (dataset, name) in self.started:
            return _error(409, "ResourceExistsException")
        self.started.append((dataset, name))
        if dataset in self.lost:
            return _error(500, "InternalFailureException")
        return 201, {"IngestionId": name, "IngestionStatus": "INITIALIZED"}

    def _describe(self, dataset: str, name: str) -> tuple[int, Json]:
        if (dataset, name) not in self.started:
            return _error(404, "ResourceNotFoundException")
        states = self.states.get(dataset, ["COMPLETED"])
        state = states.pop(0) if len(states) > 1 else states[0]
        why = {"ErrorInfo": {"Type": "SPICE_TABLE_NOT_FOUND"}} if state == "FAILED" else {}
        return 200, {"Ingestion": {"IngestionId": name, "IngestionStatus": state, **why}}


@dataclass
class Played:
    """How an execution ended, what people were told, and what was asked of the role."""

    status: str
    error: str
    told: list[Json]
    steps: list[str]
    guard: Guard


def definition(stack: Resolved) -> Json:
    """The one state machine of a stack. Raises `ValueError` if there are more."""
    (machine,) = stack.of_type("StepFunctions::StateMachine").values()
    found: Json = json.loads(machine["DefinitionString"])
    return found


def play(
    stack: Resolved, quicksight: QuickSight, steps: str, *, name: str = "run-1", is_failing: bool = False
) -> Played:
    """One execution, without its pauses; `is_failing`: there is no Glue job to start."""
    guard = Guard(stack.role("BatchWorkflowRole"), Account(stack.keys()))
    executing = mock_aws(config={"stepfunctions": {"execute_state_machine": True}})
    with patch.dict(os.environ, CREDENTIALS), executing, _answering(quicksight):
        (topic,) = stack.of_type("SNS::Topic")
        boto3.client("sns", REGION).create_topic(Name=stack.name(topic))
        listening(stack.arn(topic))
        (job,) = stack.of_type("Glue::Job").values()
        if not is_failing:
            boto3.client("glue", REGION).create_job(Name=job["Name"], Role=ROLE, Command={"Name": "glueetl"})
        states: Any = boto3.client("stepfunctions", REGION)
        text = json.dumps(_hurried(definition(stack)))
        machine = states.create_state_machine(name="batch", definition=text, roleArn=ROLE)["stateMachineArn"]
        with acting_as(guard):
            started = states.start_execution(stateMachineArn=machine, name=name, input=json.dumps({"steps": steps}))
            ended = _ended(states, started["executionArn"])
        history = states.get_execution_history(executionArn=started["executionArn"], maxResults=1000)["events"]
        entered = [one["stateEnteredEventDetails"]["name"] for one in history if "stateEnteredEventDetails" in one]
        return Played(ended["status"], ended.get("error", ""), messages(), entered, guard)


@contextmanager
def _answering(quicksight: QuickSight) -> Iterator[None]:
    create = Session.create_client

    def answered(session: Session, *arguments: Any, **options: Any) -> Any:
        client = create(session, *arguments, **options)
        events: Any = client.meta.events
        events.register("before-call.quicksight", quicksight.answer)
        return client

    # moto knows the names of two services in errors; of others it takes the one in the resource.
    with (
        patch.object(Session, "create_client", answered),
        patch.dict(sdk._SERVICE_ERROR_NAMES, {"quicksight": "QuickSight"}),
    ):
        yield


def _hurried(machine: Json) -> Json:
    """The same without pauses. moto cannot wait for a run of Glue (`.sync`): a run that starts has succeeded."""
    run = machine["States"]["Run"]
    run["Resource"] = run["Resource"].removesuffix(".sync")
    imports = machine["States"].get("Imports", {"ItemProcessor": {"States": {}}})["ItemProcessor"]["States"]
    for state in (run, *imports.values()):
        for retry in state.get("Retry", ()):
            retry |= {"IntervalSeconds": 1, "MaxAttempts": 1}
        if state["Type"] == "Wait":
            state["Seconds"] = 0
    return machine


def _ended(states: Any, execution: str) -> Json:
    until = time.monotonic() + LONGEST_S
    while (found := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < until, "the execution does not end"
        time.sleep(0.05)
    return dict(found)


def _error(status: int, code: str) -> tuple[int, Json]:
    return status, {"Error": {"Code": code, "Message": "as told"}}


def _metadata(status: int) -> Json:
    return {"HTTPStatusCode": status, "RequestId": "1"}
