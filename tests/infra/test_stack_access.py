"""Who may do what."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from clickstream import metrics

Template = dict[str, Any]
OfType = Callable[[Template, str], list[dict[str, Any]]]
Statements = Callable[[Template], Iterator[tuple[str, dict[str, Any]]]]
ADDED_BY_CDK = "CustomS3AutoDeleteObjects"
"""Logical id of what CDK adds to empty a disposable bucket; it is AWS's code with AWS's permissions."""


def test_no_wildcards(template: Template, statements: Statements) -> None:
    """No action holds a wildcard, and no permission is for every resource, but that of our own metrics."""
    for policy, statement in statements(template):
        assert statement["Effect"] == "Allow"
        assert not [action for action in _list(statement["Action"]) if "*" in action], policy
        if statement["Action"] == "cloudwatch:PutMetricData":
            assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": metrics.NAMESPACE}}
        else:
            assert "*" not in _list(statement["Resource"]), (policy, statement["Sid"])


def test_no_managed_policies(template: Template) -> None:
    """Every role's permissions are written out in this stack."""
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role" and not name.startswith(ADDED_BY_CDK):
            assert "ManagedPolicyArns" not in resource["Properties"]
            assert "Policies" not in resource["Properties"]


def test_each_statement_is_named(template: Template, statements: Statements) -> None:
    """Each permission of a role has a name of its own, so that an audit can refer to it."""
    named = [(policy, statement["Sid"]) for policy, statement in statements(template)]
    assert len(named) == len(set(named))


def test_failure_destination_needs_two_actions(template: Template, statements: Statements) -> None:
    """The functions may put failed batches and see the bucket, the batch job may read them; nobody deletes any."""
    actions: dict[str, set[str]] = {}
    for policy, statement in statements(template):
        if "IngestFailures" in json.dumps(statement["Resource"]):
            actions.setdefault(policy, set()).update(_list(statement["Action"]))
    readers = [actions.pop(policy) for policy in sorted(actions) if policy.startswith("BatchRole")]
    assert readers == [{"s3:GetObject", "s3:ListBucket"}]
    assert list(actions.values()) == [{"s3:PutObject", "s3:ListBucket"}] * 2


def test_only_the_processor_reads_the_key(template: Template, statements: Statements) -> None:
    """The key of the pseudonyms is read by process_events and nobody else."""
    readers = [
        policy for policy, statement in statements(template) if "secretsmanager:GetSecretValue" in statement["Action"]
    ]
    assert len(readers) == 1
    assert readers[0].startswith("RealtimeProcessEvents")


def test_the_ledger_is_append_only(template: Template, statements: Statements) -> None:
    """Only process_events writes commits, the batch job the work list and requests; nobody may delete from it."""
    writers, erased_from, updated = set(), set(), set()
    for policy, statement in statements(template):
        actions = set(_list(statement["Action"]))
        assert "dynamodb:BatchWriteItem" not in actions
        if "dynamodb:UpdateItem" in actions:
            updated.add(json.dumps(statement["Resource"]))
        if "dynamodb:DeleteItem" in actions:
            erased_from |= {(policy[:9], resource["Fn::GetAtt"][0][:20]) for resource in statement["Resource"]}
        if "dynamodb:PutItem" in actions and "TablesLedger" in json.dumps(statement["Resource"]):
            writers.add((policy[:9], json.dumps(statement.get("Condition"))))
    work_list = json.dumps({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["hour#*", "hours"]}})
    requests = json.dumps({"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["erasures"]}})
    assert writers == {("RealtimeP", "null"), ("BatchRole", work_list), ("BatchRole", requests)}
    assert len(updated) == 1
    assert "CollectorKeyLimits" in updated.pop()
    assert erased_from == {("BatchRole", "RealtimeTablesSessio"), ("BatchRole", "RealtimeTablesAnomal")}


def test_functions_never_delete(template: Template, statements: Statements) -> None:
    """Only the batch job may delete objects: garbage of the lake."""
    deleters = {policy for policy, statement in statements(template) if "s3:DeleteObject" in statement["Action"]}
    assert len(deleters) == 1
    assert deleters.pop().startswith("BatchRole")


def test_secret_is_generated(template: Template, of_type: OfType) -> None:
    """The key is made by Secrets Manager; the template holds none."""
    (secret,) = of_type(template, "SecretsManager::Secret")
    assert "SecretString" not in secret
    generated = secret["GenerateSecretString"]
    assert json.loads(generated["SecretStringTemplate"]) == {"key_id": "k1"}
    assert (generated["GenerateStringKey"], generated["PasswordLength"]) == ("key", 64)


def test_logs_are_kept_a_month(template: Template, of_type: OfType) -> None:
    """Every log group has a retention, and every function of ours writes to one; so does an API."""
    groups = of_type(template, "Logs::LogGroup")
    assert {group["RetentionInDays"] for group in groups} == {30}
    assert len(groups) == 6 + len(of_type(template, "ApiGatewayV2::Api"))
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function" and not name.startswith(ADDED_BY_CDK):
            assert "LogGroup" in resource["Properties"]["LoggingConfig"]


def test_alarms_may_publish(template: Template, of_type: OfType) -> None:
    """The topic lets alarms of this account publish, which its TLS policy would otherwise have taken away."""
    (policy,) = of_type(template, "SNS::TopicPolicy")
    allowed = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert [s["Principal"] for s in allowed] == [{"Service": "cloudwatch.amazonaws.com"}]
    assert allowed[0]["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
