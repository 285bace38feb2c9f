"""The key of the account: what it encrypts, who may use it, and that nothing else is accepted."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Template = dict[str, Any]
OfType = Callable[[Template, str], list[dict[str, Any]]]


@pytest.fixture
def encrypted(templates: dict[str, Template]) -> Template:
    """The template of production, which has a key unless it is said otherwise."""
    return templates["production"]


@pytest.fixture
def key(encrypted: Template) -> dict[str, Any]:
    """The reference to the key's ARN."""
    (name,) = [name for name, one in encrypted["Resources"].items() if one["Type"] == "AWS::KMS::Key"]
    return {"Fn::GetAtt": [name, "Arn"]}


def test_everything_is_encrypted_by_the_key(encrypted: Template, of_type: OfType, key: dict[str, Any]) -> None:
    """Tables, stream, topic, secret, logs, query results and buckets; S3 alone holds the key of its access logs."""
    assert [one["SSESpecification"]["KMSMasterKeyId"] for one in of_type(encrypted, "DynamoDB::Table")] == [key] * 7
    assert [one["StreamEncryption"]["KeyId"] for one in of_type(encrypted, "Kinesis::Stream")] == [key]
    assert [one["KmsMasterKeyId"] for one in of_type(encrypted, "SNS::Topic")] == [key]
    assert [one["KmsKeyId"] for one in of_type(encrypted, "SecretsManager::Secret")] == [key]
    assert [one["KmsKeyId"] for one in of_type(encrypted, "Logs::LogGroup")] == [key] * 7
    (group,) = of_type(encrypted, "Athena::WorkGroup")
    result = group["WorkGroupConfiguration"]["ResultConfiguration"]["EncryptionConfiguration"]
    assert result == {"EncryptionOption": "SSE_KMS", "KmsKey": key}
    rules = [
        one["BucketEncryption"]["ServerSideEncryptionConfiguration"][0] for one in of_type(encrypted, "S3::Bucket")
    ]
    by_key = [rule for rule in rules if rule["ServerSideEncryptionByDefault"].get("KMSMasterKeyID") == key]
    assert [rule["BucketKeyEnabled"] for rule in by_key] == [True, True]
    others = [rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules if rule not in by_key]
    assert others == ["AES256"]


def test_the_key_rotates(encrypted: Template, of_type: OfType) -> None:
    """Every year by itself, and it can be saved for thirty days after somebody deleted it."""
    (found,) = of_type(encrypted, "KMS::Key")
    assert (found["EnableKeyRotation"], found["PendingWindowInDays"]) == (True, 30)


def test_who_may_use_the_key(encrypted: Template, of_type: OfType) -> None:
    """The account, by its roles' policies; and two services in its name: logs of this stack, and alarms."""
    (found,) = of_type(encrypted, "KMS::Key")
    services, account = {}, []
    for statement in found["KeyPolicy"]["Statement"]:
        if "Service" in statement["Principal"]:
            services[json.dumps(statement["Principal"]["Service"])] = statement
        else:
            account.append(statement)
    alarms, logs = (services[name] for name in sorted(services, key=lambda name: "logs." in name))
    assert len(services) == 2
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert alarms["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert "log-group:/aws/lambda/clickstream-production-*" in json.dumps(logs["Condition"])
    assert "log-group:/aws/apigateway/clickstream-production-*" in json.dumps(logs["Condition"])
    assert "log-group:/aws-glue/clickstream-production/*" in json.dumps(logs["Condition"])
    for statement in account:
        assert json.dumps(statement["Principal"]["AWS"]).endswith(':root"]]}')
        assert statement["Action"] == "kms:*" or "kms:ViaService" in json.dumps(statement["Condition"])


def test_other_keys_are_refused(encrypted: Template, of_type: OfType, key: dict[str, Any]) -> None:
    """Whoever names another encryption or key for an object is denied; naming none gives the bucket's own."""
    header = "s3:x-amz-server-side-encryption"
    for name, wanted in ((header, "aws:kms"), (f"{header}-aws-kms-key-id", key)):
        denials = [
            statement["Condition"]
            for policy in of_type(encrypted, "S3::BucketPolicy")
            for statement in policy["PolicyDocument"]["Statement"]
            if name in json.dumps(statement.get("Condition", {}).get("Null", {}))
            and list(statement["Condition"]["Null"]) == [name]
        ]
        assert denials == [{"StringNotEquals": {name: wanted}, "Null": {name: "false"}}] * 2


def test_without_the_key_aws_holds_them(template_of: Callable[..., Template], of_type: OfType) -> None:
    """`customerKey=off` leaves no trace of it, and everything is still encrypted."""
    template = template_of(environment="production", customerKey="off")
    assert of_type(template, "KMS::Key") == []
    assert "kms:" not in json.dumps(of_type(template, "IAM::Policy"))
    (stream,) = of_type(template, "Kinesis::Stream")
    assert stream["StreamEncryption"] == {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
    assert all(one["SSESpecification"] == {"SSEEnabled": True} for one in of_type(template, "DynamoDB::Table"))
