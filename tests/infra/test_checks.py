"""The gate on the infrastructure: cdk-nag and our own rules find nothing, and would find something."""

import re
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnResource, Validations

from cdk import checks
from cdk.config import Config
from cdk.options import OPTIONS, read_config
from cdk.stack import ClickstreamStack

RULE = re.compile(r"^rule (\w+)", re.MULTILINE)
BROKEN: dict[str, dict[str, Any]] = {
    "AWS::Lambda::EventSourceMapping": {
        "FunctionResponseTypes": ["Other"],
        "BisectBatchOnFunctionError": False,
        "DestinationConfig": None,
        "MaximumRecordAgeInSeconds": -1,
        "ParallelizationFactor": 2,
        "StartingPosition": "LATEST",
        "MetricsConfig.Metrics": ["Other"],
    },
    "AWS::Kinesis::Stream": {"StreamEncryption.EncryptionType": "NONE", "RetentionPeriodHours": 24},
    "AWS::Scheduler::Schedule": {"ScheduleExpressionTimezone": "Europe/Berlin"},
    "AWS::Lambda::Function": {"Timeout": 900, "MemorySize": 128, "LoggingConfig": None},
    "AWS::DynamoDB::Table": {
        "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": False,
        "SSESpecification.SSEEnabled": False,
        "BillingMode": "PROVISIONED",
    },
    "AWS::S3::Bucket": {
        "PublicAccessBlockConfiguration.BlockPublicAcls": False,
        "BucketEncryption": None,
        "OwnershipControls.Rules": [{"ObjectOwnership": "ObjectWriter"}],
        "LifecycleConfiguration.Rules": [],
    },
    "AWS::S3::BucketPolicy": {"PolicyDocument.Statement": [{"Effect": "Allow"}]},
    "AWS::SNS::TopicPolicy": {"PolicyDocument.Statement": [{"Effect": "Allow"}]},
    "AWS::Athena::WorkGroup": {
        "WorkGroupConfiguration.EnforceWorkGroupConfiguration": False,
        "WorkGroupConfiguration.BytesScannedCutoffPerQuery": None,
        "WorkGroupConfiguration.PublishCloudWatchMetricsEnabled": False,
        "WorkGroupConfiguration.ResultConfiguration.EncryptionConfiguration": None,
    },
    "AWS::SecretsManager::Secret": {"SecretString": "-"},
    "AWS::IAM::Policy": {
        "PolicyDocument.Statement": [{"Effect": "Allow", "Action": ["s3:*"], "NotAction": "x", "NotResource": "y"}]
    },
    "AWS::KMS::Key": {"EnableKeyRotation": False},
    "AWS::Logs::LogGroup": {"RetentionInDays": 3653},
    "AWS::CloudWatch::Alarm": {"AlarmActions": [], "OKActions": []},
    "AWS::Glue::Job": {"ExecutionProperty.MaxConcurrentRuns": 9, "Timeout": 2880},
}
"""By type of resource, a value for each property that a rule of ours is about; None takes it away."""


WITHOUT_A_PART = {
    *("collectorConcurrency", "geoipFile"),
    *("quarantineRetentionDays", "rawEventsRetentionDays", "reportRetentionDays", "reportSuppressBelow"),
    "sessionsRetentionDays",
}
"""Options that are off by default and add no resource but a layer of a file of somebody's, or a number."""


def rules() -> set[str]:
    """The names of our rules."""
    return {name for path in checks.RULES.glob("*.guard") for name in RULE.findall(path.read_text())}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[checks.Finding], Path]:
    """The open findings of every environment and of everything together, and where the report is."""
    folder = tmp_path_factory.mktemp("checked")
    return checks.findings(
        checks.application_of(folder, checks.gated()), folder / "out"
    ), folder / "out" / checks.REPORT


def test_nothing_is_found(checked: tuple[list[checks.Finding], Path]) -> None:
    """In dev, staging and production, and with all options on, every finding is acknowledged."""
    assert checked[0] == []


def test_every_acknowledgement_is_needed(checked: tuple[list[checks.Finding], Path]) -> None:
    """One that finds nothing any more is to be removed."""
    assert checks.idle(checked[1], has_mail=True) == []


def test_everything_is_on() -> None:
    """Every option that is a switch, or adds a part, differs from its default: no new one is forgotten."""
    switches = {key for key, option in OPTIONS.items() if getattr(Config(), option.field) in ("", "off", None, 0)}
    config = read_config(checks.EVERYTHING)
    assert {key for key in switches if getattr(config, OPTIONS[key].field) in ("", "off", None, 0)} == WITHOUT_A_PART


def test_every_rule_of_ours_can_fail(build: Path, tmp_path: Path) -> None:
    """On a stack where everything is wrong, each rule is broken."""
    app = App(outdir=str(tmp_path / "out"))
    config = read_config({"environment": "staging"})
    stack = ClickstreamStack(app, config.prefix, config, build)
    for found in stack.node.find_all():
        if isinstance(found, CfnResource):
            for name, value in BROKEN.get(found.cfn_resource_type, {}).items():
                found.add_property_override(name, value)
    Validations.of(app).add_plugins(checks.own_rules())
    broken = {finding.rule for finding in checks.findings(app, tmp_path / "out")}
    assert rules() - broken == set()
    assert len(rules()) >= 25
