"""The stack as a whole: outputs, batch, alarms, and what the local one has in common with AWS."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from batch_jobs.steps import COMMON_ARGUMENTS, STEPS
from clickstream import metrics

ROOT = Path(__file__).parents[2]
Template = dict[str, Any]
OfType = Callable[[Template, str], list[dict[str, Any]]]
OUTPUTS = {
    "StreamName",
    "FailureBucketName",
    "BucketName",
    "DatabaseName",
    "WorkgroupName",
    "LedgerTableName",
    "CountersTableName",
    "PageMetricsTableName",
    "SessionMetricsTableName",
    "TrafficStatesTableName",
    "AnomaliesTableName",
    "CollectEventsFunctionName",
    "CollectorUrl",
    "ProcessEventsFunctionName",
    "DetectAnomaliesFunctionName",
    "DetectTrafficAnomaliesFunctionName",
    "TopicArn",
    "JobName",
    "StateMachineArn",
    "DashboardName",
    "DashboardUrl",
    "FileShape",
    "LandingRetentionDays",
    "RawEventsRetentionDays",
    "SessionsRetentionDays",
    "ReportRetentionDays",
    "ReportSuppressBelow",
    "SessionGapMinutes",
    "SessionCuts",
    "MaskedTables",
}


def test_outputs(templates: dict[str, Template]) -> None:
    """The outputs are exactly the names that tools and documentation use; the address of here is the platform's."""
    for name, template in templates.items():
        assert template["Outputs"].keys() == OUTPUTS - ({"CollectorUrl"} if name == "local" else set())


def test_batch_finds_its_arguments_in_the_outputs() -> None:
    """Every argument of a step can be read from an output of the stack."""
    assert set(COMMON_ARGUMENTS.values()) <= OUTPUTS


def test_every_step_has_its_script() -> None:
    """Every step in the list is a file."""
    assert [step.script for step in STEPS if not (ROOT / step.script).is_file()] == []


def test_job(template: Template, of_type: OfType) -> None:
    """One small Glue job, one run at a time, which ends before replaced files may be deleted."""
    (job,) = of_type(template, "Glue::Job")
    assert (job["GlueVersion"], job["WorkerType"], job["NumberOfWorkers"]) == ("5.1", "G.1X", 2)
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert job["Timeout"] < 24 * 60
    assert {f"--{name}" for name in COMMON_ARGUMENTS} <= job["DefaultArguments"].keys()


def test_workflow(template: Template, of_type: OfType) -> None:
    """An execution waits for a run in progress, starts one, waits for it, and tells the topic of a failure."""
    (machine,) = of_type(template, "StepFunctions::StateMachine")
    states = json.loads(_flat(machine["DefinitionString"]))["States"]
    run = states["Run"]
    assert run["Resource"].endswith(":states:::glue:startJobRun.sync")
    assert run["Parameters"]["Arguments"] == {"--steps.$": "$.steps"}
    assert run["Retry"][0]["ErrorEquals"] == ["Glue.ConcurrentRunsExceededException"]
    assert run["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Tell"}]
    assert states["Tell"]["Next"] == "Failed"
    assert states["Failed"]["Type"] == "Fail"


def test_schedules(templates: dict[str, Template], of_type: OfType) -> None:
    """Batch and the watch over the traffic start by themselves, in UTC; locally nothing does."""
    for name, template in templates.items():
        schedules = of_type(template, "Scheduler::Schedule")
        inputs = {json.loads(schedule["Target"].get("Input", "{}")).get("steps") for schedule in schedules}
        assert inputs == {"hourly", "daily", None}
        assert {schedule["ScheduleExpressionTimezone"] for schedule in schedules} == {"UTC"}
        assert {schedule["State"] for schedule in schedules} == {"DISABLED" if name == "local" else "ENABLED"}


def test_alarms(template: Template, of_type: OfType) -> None:
    """Each alarm watches one metric, tells the topic and treats silence as well."""
    for alarm in of_type(template, "CloudWatch::Alarm"):
        assert "Metrics" not in alarm
        assert alarm["AlarmActions"] == alarm["OKActions"] != []
        is_about_silence = alarm["AlarmName"].endswith(("TrafficStale", "Silent"))
        assert alarm["TreatMissingData"] == ("breaching" if is_about_silence else "notBreaching")
        assert len(alarm["AlarmDescription"]) > len(alarm["AlarmName"]) / 2


def test_what_is_watched(template: Template, of_type: OfType) -> None:
    """Lag, crashes, lost batches, alerts that fail, throttling and the batch each have an alarm."""
    alarms = {alarm["AlarmName"].split("-", 2)[2]: alarm for alarm in of_type(template, "CloudWatch::Alarm")}
    for consumer in ("ProcessEvents", "DetectAnomalies"):
        assert alarms[f"{consumer}Late"]["Threshold"] == 12 * 3600 * 1000
        assert alarms[f"{consumer}Late"]["MetricName"] == "IteratorAge"
        assert {f"{consumer}Errors", f"{consumer}Dropped", f"{consumer}OnFailureDestinationDelivered"} <= alarms.keys()
    for name in ("DetectAnomaliesAlertsFailed", "TrafficAlertsFailed"):
        assert (alarms[name]["MetricName"], alarms[name]["Threshold"]) == (metrics.ALERTS_FAILED, 1)
    busy = alarms["StreamHalfFull"]
    assert busy["Threshold"] / (2 * 1024**2 * busy["Period"]) == pytest.approx(0.5, abs=0.03)
    assert {"BatchExecutionsFailed", "StreamThrottled", "LedgerWriteThrottleEvents"} <= alarms.keys()


def test_local_has_the_same_resources(template_of: Callable[..., Template]) -> None:
    """With the same key and door, the emulator gets the same resources under the same ids as production."""
    both = (
        template_of(environment="local", customerKey="on"),
        template_of(environment="production", collector="function-url"),
    )
    local, production = (
        {name: resource["Type"] for name, resource in template["Resources"].items()} for template in (both)
    )
    assert local == production


def test_local_differs_only_where_it_must(templates: dict[str, Template], template_of: Callable[..., Template]) -> None:
    """Beside its name, the local stack differs from dev in polling, schedules, packages and the emptying of buckets."""
    local = json.loads(re.sub("local(?!_date|_hour)", "dev", json.dumps(templates["local"])))["Resources"]
    dev = template_of(environment="dev", collector="function-url")["Resources"]
    assert local.keys() <= dev.keys()
    differing = {
        (dev[name]["Type"], path)
        for name in local
        for path in _differences(local[name], dev[name])
        if path != "DependsOn"
    }
    assert differing == {
        ("AWS::Lambda::EventSourceMapping", "Properties.Enabled"),
        ("AWS::Scheduler::Schedule", "Properties.State"),
        ("AWS::Glue::Job", "Properties.DefaultArguments.--archives.Fn::Join"),
        ("AWS::IAM::Policy", "Properties.PolicyDocument.Statement"),
        ("AWS::S3::Bucket", "Properties.Tags"),
        ("AWS::S3::BucketPolicy", "Properties.PolicyDocument.Statement"),
    }


def test_template_is_for_any_account(template: Template) -> None:
    """Nothing was looked up: no account or region stands in the template."""
    text = json.dumps(template)
    assert "us-east-1" not in text
    assert "123456789012" not in text


def _differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from _differences(one.get(key), other.get(key), f"{path}.{key}" if path else key)
    elif one != other:
        yield path


def _flat(text: dict[str, Any]) -> str:
    return "".join(part if isinstance(part, str) else "reference" for part in text["Fn::Join"][1])
