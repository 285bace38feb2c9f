"""A synthesised template as an account sees it: names and ARNs in place of references, and the policy of each role."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.infra.policy_requests import ACCOUNT, REGION, arn
from tests.infra.policy_statements import Grant, grants

Template = dict[str, Any]
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
} | {"AWS::StackName": "clickstream"}
_NAMES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Glue::Database": "DatabaseName",
    "AWS::Kinesis::Stream": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
_ARNS = {
    "AWS::DynamoDB::Table": ("dynamodb", "table/{}"),
    "AWS::Kinesis::Stream": ("kinesis", "stream/{}"),
    "AWS::KMS::Key": ("kms", "key/{}"),
    "AWS::Lambda::Function": ("lambda", "function:{}"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{}:*"),
    "AWS::SNS::Topic": ("sns", "{}"),
    "AWS::StepFunctions::StateMachine": ("states", "stateMachine:{}"),
}
_KEYS: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "S3::Bucket": lambda one: _of_bucket(one["BucketEncryption"]),
    "DynamoDB::Table": lambda one: one.get("SSESpecification", {}).get("KMSMasterKeyId"),
    "Kinesis::Stream": lambda one: _own_key(one.get("StreamEncryption", {}).get("KeyId")),
    "SNS::Topic": lambda one: one.get("KmsMasterKeyId"),
    "SecretsManager::Secret": lambda one: one.get("KmsKeyId"),
}
"""Where each kind of resource names the key of its data."""
_REFERRED_BY_ARN = {"AWS::SNS::Topic", "AWS::StepFunctions::StateMachine"}


class Resolved:
    """A template whose references can be followed.

    Args:
        template: As synthesised.
        given: What resources are called that name themselves, by logical id: buckets by default by their id.
    """

    def __init__(self, template: Template, given: Mapping[str, str] | None = None) -> None:
        self.resources: dict[str, dict[str, Any]] = template["Resources"]
        self.given = dict(given or {})

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The resolved properties of all resources of a type (`S3::Bucket`), by logical id."""
        return {
            name: self.value(resource.get("Properties", {}))
            for name, resource in self.resources.items()
            if resource["Type"] == f"AWS::{kind}"
        }

    def value(self, part: Any) -> Any:
        """A part of the template with every intrinsic function replaced."""
        if isinstance(part, list):
            return [self.value(one) for one in part]
        if not isinstance(part, dict):
            return part
        match part:
            case {"Ref": name}:
                return PSEUDO.get(name) or self.reference(name)
            case {"Fn::GetAtt": [name, "Arn"]}:
                return self.arn(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return f"{name}.{attribute}"
            case {"Fn::Join": [separator, parts]}:
                return separator.join(map(str, self.value(parts)))
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{([^}]+)\}", lambda found: PSEUDO.get(found[1]) or self.reference(found[1]), text)
        return {key: self.value(one) for key, one in part.items()}

    def reference(self, name: str) -> str:
        """What `Ref` gives: the name of most resources, the ARN of some."""
        return self.arn(name) if self.resources[name]["Type"] in _REFERRED_BY_ARN else self.name(name)

    def name(self, name: str) -> str:
        """The physical name of a resource."""
        resource = self.resources[name]
        if name not in self.given and (key := _NAMES.get(resource["Type"])):
            return str(self.value(resource["Properties"][key]))
        return self.given.get(name, name.lower()[:63])

    def arn(self, name: str) -> str:
        """The ARN of a resource."""
        kind, physical = self.resources[name]["Type"], self.name(name)
        if physical.startswith("arn:"):
            return physical
        if kind == "AWS::S3::Bucket":
            return f"arn:aws:s3:::{physical}"
        service, path = _ARNS.get(kind, (kind.split("::")[1].lower(), "{}"))
        return arn(service, path.format(physical))

    def role(self, construct: str) -> list[Grant]:
        """What the role of a construct (`BatchRole`) may do: its own policy, and what buckets deny everybody."""
        if managed := [name for name in self.of_type("IAM::ManagedPolicy") if name.startswith(construct)]:
            raise AssertionError(f"{construct} has more policy than fits into the role: {managed}")
        own = [one for name, one in self.of_type("IAM::Policy").items() if name.startswith(f"{construct}DefaultPolicy")]
        statements = [statement for policy in own for statement in policy["PolicyDocument"]["Statement"]]
        for policy in self.of_type("S3::BucketPolicy").values():
            denials = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
            statements += [one for one in denials if one["Principal"] in ({"AWS": "*"}, "*")]
        return grants(statements)

    def keys(self) -> dict[str, str]:
        """The ARN of the key of each resource that has one, by the resource's ARN."""
        found = {
            self.arn(name): key(properties)
            for kind, key in _KEYS.items()
            for name, properties in self.of_type(kind).items()
        }
        return {owner: key for owner, key in found.items() if key}


def _of_bucket(encryption: dict[str, Any]) -> str | None:
    (rule,) = encryption["ServerSideEncryptionConfiguration"]
    key: str | None = rule["ServerSideEncryptionByDefault"].get("KMSMasterKeyID")
    return key


def _own_key(key: str | None) -> str | None:
    """A key of the account; those of AWS (`alias/aws/…`) need no permission."""
    return None if key and key.startswith("alias/aws/") else key
