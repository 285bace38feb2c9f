"""The evaluator of policies itself: it denies by default, and refuses what it does not know."""

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from tests.infra.policy_conditions import PolicyError, holds
from tests.infra.policy_guard import Guard, acting_as
from tests.infra.policy_requests import Account, arn
from tests.infra.policy_statements import Request, allowed_by, grants

KEY = arn("kms", "key/one")
LEDGER = arn("dynamodb", "table/ledger")
ENCRYPTION = "s3:x-amz-server-side-encryption"


def statement(action: str, resource: str, effect: str = "Allow", **condition: object) -> dict[str, object]:
    """A statement; conditions as `StringEquals={key: value}`."""
    made = {"Effect": effect, "Action": action, "Resource": resource}
    return made | ({"Condition": condition} if condition else {})


@pytest.mark.parametrize(
    ("resource", "is_allowed"),
    [("arn:aws:s3:::lake/landing/a/b", True), ("arn:aws:s3:::lake/landing", False), ("arn:aws:s3:::other/x", False)],
)
def test_resources_are_patterns(resource: str, *, is_allowed: bool) -> None:
    """A star stands for any letters, slashes too; everything else is denied."""
    found = grants([statement("s3:GetObject", "arn:aws:s3:::lake/landing/*")])
    assert bool(allowed_by(found, Request("s3:GetObject", resource))) is is_allowed
    assert allowed_by(found, Request("s3:PutObject", resource)) == []


def test_a_denial_wins() -> None:
    """Whatever allows it."""
    request = Request("s3:PutObject", "arn:aws:s3:::lake/x", {ENCRYPTION: ["AES256"]})
    denial = statement("s3:PutObject", "*", "Deny", StringNotEquals={ENCRYPTION: "aws:kms"}, Null={ENCRYPTION: "false"})
    allowing = statement("s3:PutObject", "*")
    assert allowed_by(grants([allowing]), request)
    assert allowed_by(grants([allowing, denial]), request) == []
    assert allowed_by(grants([allowing, denial]), Request("s3:PutObject", "arn:aws:s3:::lake/x"))


def test_a_denial_in_doubt_denies() -> None:
    """One that asks for a key of which the request says nothing counts; an allowance does not."""
    condition = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    assert holds(condition, {}, is_deny=True)
    assert not holds(condition, {})


@pytest.mark.parametrize(
    ("operator", "values", "is_held"),
    [
        ("ForAllValues:StringLike", ["hour#1", "hours"], True),
        ("ForAllValues:StringLike", ["hour#1", "commit#1"], False),
        ("ForAnyValue:StringLike", ["hour#1", "commit#1"], True),
        ("ForAnyValue:StringLike", ["commit#1"], False),
        ("ForAllValues:StringNotLike", ["commit#1"], True),
        ("StringLike", ["hours"], True),
    ],
)
def test_several_values(operator: str, values: list[str], *, is_held: bool) -> None:
    """All of them, or any, as the operator says."""
    condition = {operator: {"dynamodb:LeadingKeys": ["hour#*", "hours"]}}
    assert holds(condition, {"dynamodb:LeadingKeys": values}) is is_held


def test_all_of_no_values_holds() -> None:
    """As in IAM: a scan names no keys, so a limit on keys does not limit it."""
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["hours"]}}
    assert holds(condition, {})
    assert not holds({"ForAnyValue:StringEquals": {"dynamodb:LeadingKeys": ["hours"]}}, {})
    assert holds({"StringNotEquals": {ENCRYPTION: "aws:kms"}}, {})


@pytest.mark.parametrize(
    "unknown",
    [
        {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:*", "NotResource": "*"},
        statement("s3:GetObject", "arn:aws:s3:::lake/${aws:username}/*"),
        statement("s3:GetObject", "*", NumericLessThan={"s3:max-keys": "10"}),
        statement("s3:GetObject", "*", StringEquals={"aws:SourceIp": "10.0.0.1"}),
        statement("s3:GetObject", "*", StringLike={"dynamodb:LeadingKeys": ["a"]}),
    ],
)
def test_what_is_not_modelled_is_an_error(unknown: dict[str, object]) -> None:
    """Never allowed, and never quietly denied either: the test that meets it must end."""
    with pytest.raises(PolicyError):
        allowed_by(grants([unknown]), Request("s3:GetObject", "*", {"dynamodb:LeadingKeys": ["a", "b"]}))


def test_an_unknown_operation_is_an_error() -> None:
    """A call that nobody thought of must be added to the list first."""
    with pytest.raises(PolicyError, match="s3:RestoreObject"):
        Account().requests("s3", "RestoreObject", {"Bucket": "lake", "Key": "x"})


def test_a_key_is_asked_for_where_there_is_one() -> None:
    """The service calls KMS in the caller's name."""
    account = Account({LEDGER: KEY, "arn:aws:s3:::lake": KEY})
    item = {"TableName": "ledger", "Item": {"pk": {"S": "hours"}}}
    put, use = account.requests("dynamodb", "PutItem", item)
    assert put == Request("dynamodb:PutItem", LEDGER, {"dynamodb:LeadingKeys": ["hours"]})
    assert (use.action, use.resource) == ("kms:Decrypt", KEY)
    assert use.context["kms:ViaService"] == ["dynamodb.us-east-1.amazonaws.com"]
    uses = {one.action for one in account.requests("s3", "PutObject", {"Bucket": "lake", "Key": "x"})}
    assert uses == {"s3:PutObject", "kms:GenerateDataKey"}
    assert len(account.requests("s3", "GetObject", {"Bucket": "other", "Key": "x"})) == 1


def test_a_guarded_client_is_refused_before_it_calls() -> None:
    """As a service would: with `AccessDeniedException`, and the call is on record. Outside nothing is guarded."""
    guard = Guard(grants([statement("sns:Publish", arn("sns", "alerts"))]), Account())
    known = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    with acting_as(guard):
        sns = boto3.client("sns", **known)  # type: ignore[call-overload]
    with Stubber(sns) as stubbed:
        stubbed.add_response("publish", {"MessageId": "1"})
        sns.publish(TopicArn=arn("sns", "alerts"), Message="x")
        with pytest.raises(ClientError, match="not authorized to perform: sns:Publish"):
            sns.publish(TopicArn=arn("sns", "others"), Message="x")
    assert [request.resource for request in guard.denied] == [arn("sns", "others")]
    assert guard.unused() == set()


def test_a_condition_can_be_narrowed() -> None:
    """Each listed value can be taken out, for the proof that each is needed."""
    limit = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["hours", "erasures"]}}
    (grant,) = grants([{**statement("dynamodb:PutItem", LEDGER), "Condition": limit}])
    request = Request("dynamodb:PutItem", LEDGER, {"dynamodb:LeadingKeys": ["hours"]})
    assert {value: one.applies(request) for value, one in grant.narrowed()} == {
        "dynamodb:LeadingKeys=hours": False,
        "dynamodb:LeadingKeys=erasures": True,
    }
