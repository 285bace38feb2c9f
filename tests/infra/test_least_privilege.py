"""Every role may do what its code does, and nothing else: the real code, played under the deployed policy."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.infra.needed_grants import idle_values, left_over, needless
from tests.infra.policy_guard import Guard
from tests.infra.policy_requests import arn
from tests.infra.policy_statements import Request, allowed_by
from tests.infra.policy_template import Resolved
from tests.infra.role_scenarios import Played
from tests.infra.service_side import UNUSED, UNUSED_VALUES

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3
Template = dict[str, Any]
ENCRYPTION = "s3:x-amz-server-side-encryption"


@pytest.fixture
def guards(played: Played) -> dict[str, Guard]:
    """What was asked of each role of production."""
    return played.guards


def test_sufficient(guards: dict[str, Guard]) -> None:
    """Nothing that the code does is denied."""
    assert [request for guard in guards.values() for request in guard.denied] == []
    assert all(guard.made for guard in guards.values())


def test_minimal(guards: dict[str, Guard]) -> None:
    """What no call needs is on the list of what AWS does by the role, and all that is on the list is granted."""
    for role, guard in guards.items():
        assert left_over(guard, UNUSED[role]) == UNUSED[role].keys(), role


def test_each_grant_is_needed(guards: dict[str, Guard]) -> None:
    """Without any single one of the grants that were used, a call that was made is denied."""
    for role, guard in guards.items():
        assert needless(guard) == set(), role


def test_each_value_of_a_condition_is_needed(guards: dict[str, Guard]) -> None:
    """Without any single one of the listed values, too: keys of items, services that use the KMS key."""
    idle = {(role, *found) for role, guard in guards.items() for found in idle_values(guard)}
    assert idle == UNUSED_VALUES.keys()


def test_other_things_are_denied(guards: dict[str, Guard]) -> None:
    """Another role's data, other encryption, other keys of the ledger: whatever was played, these were not allowed."""
    functions = [guard for role, guard in guards.items() if role != "BatchRole"]
    lake = next(one.resource for one in guards["BatchRole"].made if one.resource.endswith(".parquet"))
    ledger = arn("dynamodb", "table/clickstream-production-ledger")
    assert not any(allowed_by(guard.grants, Request("s3:DeleteObject", lake)) for guard in functions)
    for guard in guards.values():
        assert allowed_by(guard.grants, Request("dynamodb:DeleteItem", ledger, {"dynamodb:LeadingKeys": ["x"]})) == []
        assert allowed_by(guard.grants, Request("s3:PutObject", lake, {ENCRYPTION: ["AES256"]})) == []
    batch = guards["BatchRole"].grants
    assert allowed_by(batch, Request("dynamodb:PutItem", ledger, {"dynamodb:LeadingKeys": ["commit#x"]})) == []
    assert allowed_by(batch, Request("dynamodb:PutItem", ledger, {"dynamodb:LeadingKeys": ["hours"]}))


@pytest.mark.parametrize(
    ("role", "needed"),
    [
        (
            # Source: AWS Step Functions, IAM policies for integrated services: Glue with `.sync`, and SNS.
            "BatchWorkflowRole",
            {
                "glue:StartJobRun": "job/clickstream-production-batch",
                "glue:GetJobRun": "job/clickstream-production-batch",
                "glue:GetJobRuns": "job/clickstream-production-batch",
                "glue:BatchStopJobRun": "job/clickstream-production-batch",
                "sns:Publish": "clickstream-production-alerts",
                "kms:Decrypt": "key/",
                "kms:GenerateDataKey": "key/",
            },
        ),
        # Source: EventBridge Scheduler, execution role: the action of the target on the target.
        ("BatchWorkflowSchedulerRole", {"states:StartExecution": "stateMachine:clickstream-production-batch"}),
        ("TrafficSchedulerRole", {"lambda:InvokeFunction": "function:clickstream-production-detect-traffic-anomalies"}),
    ],
)
def test_roles_of_services(template_of: Callable[..., Template], role: str, needed: dict[str, str]) -> None:
    """What runs no code of ours has exactly what AWS documents for it, on the one resource that it is for."""
    found = [grant for grant in Resolved(template_of(environment="production")).role(role) if grant.effect == "Allow"]
    assert sorted(grant.action for grant in found) == sorted(needed)
    assert all(needed[grant.action] in grant.resource and "*" not in grant.resource for grant in found)
