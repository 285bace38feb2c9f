"""Roles for people may do what the documentation says that they do, and nothing else."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clickstream.tables import LAKE_TABLES, MASKED_TABLES
from tests.infra import people_scenarios
from tests.infra.deployed_account import account
from tests.infra.needed_grants import idle_values, left_over, needless
from tests.infra.people_account import PRINCIPALS, STACK, StackInUse, answered, signed_in
from tests.infra.policy_guard import Guard
from tests.infra.policy_requests import arn
from tests.infra.policy_statements import Request, allowed_by
from tests.infra.service_side import ATHENA, PARTS, Reasons

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3
Template = dict[str, Any]
DOCS = Path(__file__).parents[2] / "docs"
SCENARIOS: dict[str, Callable[[StackInUse], None]] = {
    "Analyst": people_scenarios.analyst,
    "Scientist": people_scenarios.scientist,
    "OnCall": people_scenarios.on_call,
    "Recovery": people_scenarios.recovery,
}
LISTED = "what is listed is what is granted; the call itself needs the catalog"
OF_READERS: Reasons = {
    ("FindBucket", "s3:GetBucketLocation"): ATHENA,
    ("FindBucket", "s3:ListBucketMultipartUploads"): ATHENA,
    ("ReadDatabase", "glue:GetDatabase"): ATHENA,
    ("ReadDatabase", "glue:GetDatabases"): LISTED,
    ("ReadTables", "glue:BatchGetPartition"): ATHENA,
    ("ReadTables", "glue:GetPartition"): ATHENA,
    ("ReadTables", "glue:GetTables"): LISTED,
    ("WriteResults", "s3:AbortMultipartUpload"): PARTS,
    ("WriteResults", "s3:ListMultipartUploadParts"): PARTS,
}
UNUSED: dict[str, Reasons] = {"Analyst": OF_READERS, "Scientist": OF_READERS, "OnCall": {}, "Recovery": {}}
"""Grants that no call uses here, by role, as in `service_side`: Athena calls other operations than the local one."""
UNUSED_VALUES = {"Analyst": {("s3:ListBucket", "s3:prefix=athena-results/analyst/*"): ATHENA}}
NOT_ON_CALL = {("cloudwatch", "PutMetricAlarm"), ("sns", "Subscribe")}
"""Commands of the page "Watch it" that change what is deployed: for who deploys."""
COMMAND = re.compile(r"aws ([a-z0-9]+) ([a-z]+(?:-[a-z]+)*)")
BEHIND = {("logs", "Tail"): ("logs", "FilterLogEvents")}
"""What the command line calls where its command has another name."""


@dataclass(frozen=True)
class PlayedPeople:
    """What came of it.

    Attributes:
        guards: What was asked of each role's policy.
        closed: What Athena answers to an analyst about each table that is not open.
    """

    guards: dict[str, Guard]
    closed: dict[str, str]
    stack: StackInUse


@pytest.fixture(scope="module")
def people(template_of: Callable[..., Template], tmp_path_factory: pytest.TempPathFactory) -> PlayedPeople:
    """Everybody does what they do, once for all tests, in production with a key of its own."""
    template = template_of(environment="production", **PRINCIPALS)
    with account(template, tmp_path_factory.mktemp("cache")) as deployed:
        stack = StackInUse(deployed, template)
        stack.fill()
        with answered(stack):
            guards = {}
            for person, scenario in SCENARIOS.items():
                if person == "Recovery":
                    stack.trouble()
                guards[person] = stack.guard(person)
                with signed_in(guards[person], tmp_path_factory.mktemp(person)):
                    scenario(stack)
            with signed_in(stack.guard("Analyst"), tmp_path_factory.mktemp("closed")):
                closed = people_scenarios.closed(stack)
        return PlayedPeople(guards, closed, stack)


def test_sufficient(people: PlayedPeople) -> None:
    """Nothing of it is denied."""
    assert [request for guard in people.guards.values() for request in guard.denied] == []
    assert all(guard.made for guard in people.guards.values())


def test_minimal(people: PlayedPeople) -> None:
    """What no call needs is on the list of what AWS does by the role, and all that is on the list is granted."""
    for role, guard in people.guards.items():
        assert left_over(guard, UNUSED[role]) == UNUSED[role].keys(), role


def test_each_grant_is_needed(people: PlayedPeople) -> None:
    """Without any single one of the grants that were used, a call that was made is denied; so for values, too."""
    for role, guard in people.guards.items():
        assert needless(guard) == set(), role
        assert idle_values(guard) == UNUSED_VALUES.get(role, {}).keys(), role


def test_an_analyst_sees_nobody(people: PlayedPeople) -> None:
    """The masked tables and open reports were read; all others are refused, by the catalog or where their files lie."""
    by_catalog = {table.name for table in LAKE_TABLES if table not in MASKED_TABLES}
    by_files = {"report_top_clients", "report_top_pages", "report_entry_exit_pages", "report_paths"}
    assert people.closed.keys() == by_catalog | by_files
    for table, answer in people.closed.items():
        action = "glue:GetTable" if table in by_catalog else "s3:GetObject"
        assert f"not authorized to perform: {action}" in answer
    read = {request.resource for request in people.guards["Analyst"].made if request.action == "s3:GetObject"}
    assert any("/masked_events/" in one for one in read)
    assert any("/masked_sessions/" in one for one in read)


def test_other_things_are_denied(people: PlayedPeople) -> None:
    """What each of them must not do, whatever was played."""
    stack, lake = people.stack.deployed.stack, f"arn:aws:s3:::{people.stack.outputs['BucketName']}"
    failures = f"arn:aws:s3:::{people.stack.outputs['FailureBucketName']}"
    table = "table/clickstream-production-{}".format
    ledger, counters = arn("dynamodb", table("ledger")), arn("dynamodb", table("counters"))
    (secret,) = stack.of_type("SecretsManager::Secret")
    stream = arn("kinesis", "stream/clickstream-production-events")
    payloads = [
        *(Request("s3:GetObject", f"{lake}/{folder}/x") for folder in ("bad_events", "quarantine", "_erasures")),
        Request("s3:GetObject", f"{failures}/aws/lambda/x"),
        Request("kinesis:GetRecords", stream),
        Request("secretsmanager:GetSecretValue", stack.arn(secret)),
    ]
    events = [
        *(Request("s3:GetObject", f"{lake}/{folder}/x") for folder in ("raw_events", "sessions", "session_scores")),
        *(Request("s3:GetObject", f"{lake}/{folder}/x") for folder in ("landing", "reports/page", "_masking_salts")),
        Request("s3:GetObject", f"{lake}/athena-results/x.csv"),
        Request("s3:ListBucket", lake, {"s3:prefix": [""]}),
    ]
    changes = [
        *(Request(f"s3:{action}", f"{lake}/raw_events/x") for action in ("PutObject", "DeleteObject")),
        Request("s3:DeleteObject", f"{lake}/models/sessions/manifests/00000001.json"),
        Request("dynamodb:DeleteItem", ledger, {"dynamodb:LeadingKeys": ["commit#x"]}),
        Request("dynamodb:Query", ledger, {"dynamodb:LeadingKeys": ["erasures"]}),
        Request("lambda:UpdateFunctionCode", arn("lambda", "function:clickstream-production-process-events")),
        Request("cloudwatch:DeleteAlarms", arn("cloudwatch", "alarm:clickstream-production-BadEvents")),
        Request("iam:PassRole", "arn:aws:iam::123456789012:role/x"),
    ]
    own = Request("athena:StartQueryExecution", arn("athena", "workgroup/clickstream-production"))
    denied = {
        "Analyst": [*payloads, *events, *changes, own, Request("dynamodb:Query", counters)],
        "Scientist": [*payloads, *changes, Request("s3:GetObject", f"{lake}/_masking_salts/x")],
        "OnCall": [*payloads, *events, *changes, own],
        "Recovery": [Request("s3:GetObject", f"{lake}/raw_events/x"), *changes, own],
    }
    for role, requests in denied.items():
        grants = people.guards[role].grants
        assert [one for one in requests if allowed_by(grants, one)] == [], role


def test_no_other_function_gets_the_events(people: PlayedPeople) -> None:
    """Who is on call may switch a consumer off and on, and not have somebody else's function called with the events."""
    (mapping, function), *_ = people.stack.mappings.items()
    resource = arn("lambda", f"event-source-mapping:{mapping}")
    for called, is_allowed in ((function, True), (arn("lambda", "function:mine"), False)):
        request = Request("lambda:UpdateEventSourceMapping", resource, {"lambda:FunctionArn": [called]})
        assert bool(allowed_by(people.guards["OnCall"].grants, request)) is is_allowed


def test_documented_commands_are_for_who_is_on_call(people: PlayedPeople) -> None:
    """Every command of "Watch it" and the runbook was called by the role, but for two that change what is deployed."""
    watch = (DOCS / "aws.md").read_text().partition("## Watch it")[2].partition("\n## ")[0]
    found = set(_operations(watch + (DOCS / "runbook.md").read_text()))
    assert len(found) >= 10
    assert found - people.guards["OnCall"].calls == NOT_ON_CALL


def _operations(text: str) -> Iterator[tuple[str, str]]:
    for service, verb in COMMAND.findall(text):
        operation = (service, "".join(word.capitalize() for word in verb.split("-")))
        yield BEHIND.get(operation, operation)


def test_the_stack_is_the_one_that_is_asked(people: PlayedPeople) -> None:
    """The scenarios found everything by the outputs of the stack that people name."""
    for role, guard in people.guards.items():
        assert ("cloudformation", "DescribeStacks") in guard.calls, role
        assert any(request.resource.endswith(f":stack/{STACK}/0a1b2c") for request in guard.made), role
