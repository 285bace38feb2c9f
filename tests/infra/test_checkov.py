"""checkov on the templates that are deployed: nothing is found but what we keep, and something would be."""

import json
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from cdk.acknowledgements import CHECKOV, CHECKOV_AT_REST_API, CHECKOV_IN_NETWORK, CHECKOV_WITHOUT_CUSTOMER_KEY
from cdk.checks import ENVIRONMENTS, EVERYTHING
from cdk.options import read_config

TOOL = Path(__file__).parents[2] / ".build" / "checkov" / "bin" / "checkov"
WITHOUT_NETWORK = ("--skip-download", "--framework", "cloudformation", "--soft-fail", "--compact", "--quiet")
Finding = tuple[str, str, str]
"""Check, environment, logical id."""
Reasons = dict[tuple[str, str], str]
BAD_TEMPLATE = {
    "Resources": {
        "Open": {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicRead"}},
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "plain"}},
        "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}},
        "Group": {"Type": "AWS::Athena::WorkGroup", "Properties": {"Name": "free"}},
        "Anybody": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "all",
                "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
            },
        },
    }
}
FOUND_IN_IT = {
    "CKV_AWS_20": "Open",
    "CKV_AWS_53": "Open",
    "CKV_AWS_28": "Table",
    "CKV_AWS_43": "Stream",
    "CKV_AWS_82": "Group",
    "CKV_AWS_107": "Anybody",
}


def scan(paths: Iterable[Path]) -> dict[str, Any]:
    """What checkov reports of the templates; it is asked not to fail, and to fetch nothing."""
    if not TOOL.exists():
        pytest.skip("checkov is not installed: make security-tools")
    command = [str(TOOL), *WITHOUT_NETWORK, "-o", "json", "-f", *map(str, paths)]
    report: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return report


def findings(report: dict[str, Any]) -> set[Finding]:
    """What failed."""
    return {
        (one["check_id"], Path(one["file_path"]).name.split(".")[0].rpartition("-")[2], one["resource"].split(".")[-1])
        for one in report["results"]["failed_checks"]
    }


def reasons(environment: str) -> Reasons:
    """What is acknowledged in an environment."""
    has_key = read_config({"environment": environment}).has_customer_key
    return CHECKOV if has_key else CHECKOV | CHECKOV_WITHOUT_CUSTOMER_KEY


@pytest.fixture(scope="module")
def report(assembly: Callable[..., Path]) -> dict[str, Any]:
    """The report on dev, staging and production."""
    return scan(path for name in ENVIRONMENTS for path in assembly(environment=name).glob("*.template.json"))


def test_nothing_is_open(report: dict[str, Any]) -> None:
    """Every finding is acknowledged where it is found, and all templates were read."""
    open_findings = {
        (check, environment, resource)
        for check, environment, resource in findings(report)
        if not any(check == known and resource.startswith(start) for known, start in reasons(environment))
    }
    assert open_findings == set()
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["resource_count"] > 100 * len(ENVIRONMENTS)


def test_nothing_is_open_with_everything(assembly: Callable[..., Path]) -> None:
    """With all options, every finding is one of those that are kept, and that on functions outside is gone."""
    found = findings(scan(assembly(**EVERYTHING).glob("*.template.json")))
    known_ones = CHECKOV | CHECKOV_IN_NETWORK | CHECKOV_AT_REST_API
    kept = {
        (known, start)
        for check, _, resource in found
        for known, start in known_ones
        if check == known and resource.startswith(start)
    }
    covered = {one for one in found if any(one[0] == known and one[2].startswith(start) for known, start in kept)}
    assert found == covered
    assert kept == known_ones.keys() - {("CKV_AWS_117", "")}


def test_every_acknowledgement_is_needed(report: dict[str, Any]) -> None:
    """One that finds nothing any more is to be removed."""
    found = findings(report)
    idle = {
        (known, start)
        for known, start in CHECKOV | CHECKOV_WITHOUT_CUSTOMER_KEY
        if not any(check == known and resource.startswith(start) for check, _, resource in found)
    }
    assert idle == set()


def test_a_bad_template_is_found(tmp_path: Path) -> None:
    """The gate is not open: a public bucket, a table without backup, a free workgroup, a role for everything."""
    path = tmp_path / "bad.template.json"
    path.write_text(json.dumps(BAD_TEMPLATE))
    found = findings(scan([path]))
    assert {(check, "bad", resource) for check, resource in FOUND_IN_IT.items()} - found == set()
