"""The stream and its consumers: what the exactness of the counts depends on."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdk.config import LEAST_MEMORY_MB
from clickstream.settings import (
    PREFIX,
    CollectEventsSettings,
    DetectAnomaliesSettings,
    DetectTrafficAnomaliesSettings,
    ProcessEventsSettings,
    Settings,
    load,
)

ROOT = Path(__file__).parents[2]
SETTINGS: dict[str, type[Settings]] = {
    "collect_events": CollectEventsSettings,
    "process_events": ProcessEventsSettings,
    "detect_anomalies": DetectAnomaliesSettings,
    "detect_traffic_anomalies": DetectTrafficAnomaliesSettings,
}
Template = dict[str, Any]
OfType = Callable[[Template, str], list[dict[str, Any]]]
MAPPING = {
    "StartingPosition": "TRIM_HORIZON",
    "BatchSize": 10_000,
    "MaximumBatchingWindowInSeconds": 10,
    "ParallelizationFactor": 1,
    "BisectBatchOnFunctionError": True,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "MaximumRetryAttempts": -1,
    "MaximumRecordAgeInSeconds": 24 * 3600,
    "MetricsConfig": {"Metrics": ["EventCount"]},
}


def test_mappings_follow_the_protocol(template: Template, of_type: OfType) -> None:
    """Both consumers read whole batches in order, retry without end and give up to the failure bucket."""
    mappings = of_type(template, "Lambda::EventSourceMapping")
    assert len(mappings) == 2
    for mapping in mappings:
        fixed = {name: mapping[name] for name in MAPPING}
        assert fixed == MAPPING
        destination = mapping["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
        assert destination.startswith("IngestFailures")
        assert mapping.keys() - MAPPING.keys() == {
            *("DestinationConfig", "Enabled", "EventSourceArn", "FunctionName", "Tags")
        }


def test_only_the_local_mappings_are_left_to_the_local_runner(templates: dict[str, Template], of_type: OfType) -> None:
    """On the emulator the mappings are disabled, everywhere else enabled."""
    enabled = {
        name: {mapping["Enabled"] for mapping in of_type(template, "Lambda::EventSourceMapping")}
        for name, template in templates.items()
    }
    assert enabled == {"dev": {True}, "staging": {True}, "production": {True}, "local": {False}}


def test_mappings_wait_for_permissions(template: Template) -> None:
    """A mapping is created after the role may read the stream."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":
            assert any("RoleDefaultPolicy" in name for name in resource["DependsOn"])


def test_stream(template: Template, of_type: OfType) -> None:
    """The stream keeps 48 hours, twice the age at which a batch is given up, and is encrypted."""
    (stream,) = of_type(template, "Kinesis::Stream")
    assert stream["RetentionPeriodHours"] == 48
    assert stream["ShardCount"] == 2
    assert stream["StreamEncryption"]["EncryptionType"] == "KMS"


@pytest.mark.parametrize("settings", [*SETTINGS.values()])
def test_functions_get_every_setting(template: Template, of_type: OfType, settings: type[Settings]) -> None:
    """The environment of a function sets each of its settings, and nothing unknown."""
    function = next(one for one in _ours(template, of_type) if _settings_of(one) is settings)
    variables = function["Environment"]["Variables"]
    assert variables.keys() == {PREFIX + name.upper() for name in settings.__struct_fields__}
    load(settings, {name: value if isinstance(value, str) else "reference" for name, value in variables.items()})


def test_functions(template: Template, of_type: OfType) -> None:
    """Each function runs a handler that exists, with enough memory and the shared layer; none is endless."""
    functions = _ours(template, of_type)
    assert len(functions) == 4
    for function in functions:
        module, _, name = function["Handler"].partition(".")
        body = ast.parse((ROOT / "streaming_lambdas" / f"{module}.py").read_text()).body
        assert name in {node.name for node in body if isinstance(node, ast.FunctionDef)}
        assert function["Runtime"] == "python3.13"
        assert function["Architectures"] == ["x86_64"]
        assert function["MemorySize"] == LEAST_MEMORY_MB
        assert function["Timeout"] == (15 if module == "collect_events" else 60)
        assert len(function["Layers"]) == 1
        assert "TracingConfig" not in function


def test_functions_share_their_code_with_the_batch(template: Template, of_type: OfType) -> None:
    """Lambda and Glue run the same archive of the library."""
    keys = {function["Code"]["S3Key"] for function in _ours(template, of_type)}
    (job,) = of_type(template, "Glue::Job")
    assert len(keys) == 1
    assert keys.pop() in str(job["DefaultArguments"]["--archives"])


def test_configuration_reaches_the_template(template_of: Callable[..., Template], of_type: OfType) -> None:
    """Every context key changes what it names."""
    template = template_of(
        environment="production",
        streamShardCount="4",
        lambdaMemorySize="2048",
        dataRetentionDays="90",
        alertEmail="team@example.com",
        batchWindowSeconds="5",
        athenaScanLimitGigabytes="7",
    )
    function = next(one for one in _ours(template, of_type) if _settings_of(one) is ProcessEventsSettings)
    assert of_type(template, "Kinesis::Stream")[0]["ShardCount"] == 4
    assert function["MemorySize"] == 2048
    assert function["Environment"]["Variables"]["CLICKSTREAM_RETENTION_DAYS"] == "90"
    assert of_type(template, "SNS::Subscription")[0]["Endpoint"] == "team@example.com"
    assert of_type(template, "Lambda::EventSourceMapping")[0]["MaximumBatchingWindowInSeconds"] == 5
    workgroup = of_type(template, "Athena::WorkGroup")[0]["WorkGroupConfiguration"]
    assert workgroup["BytesScannedCutoffPerQuery"] == 7 * 1024**3


def test_on_demand_stream(template_of: Callable[..., Template], of_type: OfType) -> None:
    """An on-demand stream has no number of shards and no alarm on a share of them."""
    template = template_of(streamMode="on-demand")
    (stream,) = of_type(template, "Kinesis::Stream")
    assert stream["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert "ShardCount" not in stream
    assert not any("HalfFull" in alarm["AlarmName"] for alarm in of_type(template, "CloudWatch::Alarm"))


def _ours(template: Template, of_type: OfType) -> list[dict[str, Any]]:
    """The functions of the pipeline, without those that CDK adds to empty buckets."""
    return [function for function in of_type(template, "Lambda::Function") if "Environment" in function]


def _settings_of(function: dict[str, Any]) -> type[Settings]:
    return SETTINGS[function["Handler"].partition(".")[0]]
