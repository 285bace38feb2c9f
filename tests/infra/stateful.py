"""The resources that hold data, settings or subscriptions, and what CloudFormation knows each of them by."""

import re
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_name("stateful_resources.txt")
NAMED_BY = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Glue::Database": "DatabaseInput.Name",
    "AWS::KMS::Key": "",
    "AWS::Kinesis::Stream": "Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    **dict.fromkeys(["AWS::SecretsManager::Secret"], "Name"),  # else it looks like a secret
}
"""Types that hold something, and the property with the name; another name replaces a resource as another id does."""
UNNAMED = "-"
HOW_TO_ACCEPT = f"""
Stateful resources of {{environment}} differ from tests/infra/{KEPT.name}.

Only here, in the template: {{added}}
Only there, in the list: {{missing}}

A new resource only needs its line in the list. A line that is only in the list means that CloudFormation would create
an empty resource beside the old one and then delete the old one WITH ITS DATA (in dev), or leave it behind, unread by
everything (in staging and production). Logical ids come from the path of construct ids, so give the construct its old
id and parent back, or use `override_logical_id`. If the change is meant, move the data first, and change the line in
the same commit.
"""


def stateful(template: dict[str, Any], environment: str) -> set[str]:
    """A line for each resource that must not be replaced: type, logical id, name with `*` for the environment."""
    return {
        f"{resource['Type']} {name} {_name(resource, environment)}"
        for name, resource in template["Resources"].items()
        if resource["Type"] in NAMED_BY
    }


def kept(environment: str) -> set[str]:
    """The lines of the list for an environment; a line may name, in a fourth column, the only ones that it is for."""
    lines = [line.split() for line in KEPT.read_text().splitlines() if line and not line.startswith("#")]
    return {" ".join(words[:3]) for words in lines if len(words) == 3 or environment in words[3].split(",")}


def difference(template: dict[str, Any], environment: str) -> str:
    """What differs from the list and what that means; empty if nothing does."""
    found, wanted = stateful(template, environment), kept(environment)
    if found == wanted:
        return ""
    added, missing = ("".join(f"\n  {line}" for line in sorted(lines)) for lines in (found - wanted, wanted - found))
    return HOW_TO_ACCEPT.format(environment=environment, added=added or "-", missing=missing or "-")


def _name(resource: dict[str, Any], environment: str) -> str:
    value: Any = resource.get("Properties", {})
    for key in filter(None, NAMED_BY[resource["Type"]].split(".")):
        value = value.get(key, {})
    return re.sub(rf"(?<=clickstream[-_]){environment}\b", "*", value) if isinstance(value, str) else UNNAMED
