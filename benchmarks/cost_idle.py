"""What a stack costs in a month in which no event comes: counted in its template, resource by resource.

What is not in it, because it is cents or depends on data: requests to S3, KMS, SNS and Secrets Manager, the log of the
Glue job, storage.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from batch_jobs.reports.report_list import REPORTS
from benchmarks import prices
from benchmarks.counted_stores import CountedTable, Usage
from cdk.layer import ROOT
from clickstream import metrics
from clickstream.detection.watching import TrafficDetector

Template = Mapping[str, Any]
HOURS = prices.HOURS_PER_MONTH
CALL_S = 0.005
"""Assumed time of one call to a service."""
LOG_LINE_BYTES = 1_500
WATCH_METRICS = ("series", "minutes", "anomalies", "alerts", "alerts_failed")
"""What `detect_traffic_anomalies` writes every minute."""
JOB_METRICS = (
    *(metrics.COUNTER_DIFFERENCE, metrics.LEDGER_CONTRADICTIONS, metrics.QUALITY_FAILURES, metrics.QUALITY_WARNINGS),
    *(metrics.GIVEN_UP_BATCHES, metrics.COMPACTION_LAG_MINUTES, metrics.REPORT_LAG_HOURS, metrics.QUERY_DOLLARS),
)
"""What the batch steps publish, every hour or, which is less, every day."""


class Line(NamedTuple):
    """Part of the bill: what for, how much of it, and dollars a month."""

    what: str
    amount: str
    dollars: float


Pricing = Callable[[Mapping[str, Any], Template], Iterator[Line]]


def lines(template: Template) -> list[Line]:
    """Every part of the bill, in the order of `PRICED`.

    Raises:
        KeyError: The template has a type whose price nobody has looked up: add it to `PRICED` or `BY_USE`.
    """
    resources = template["Resources"].values()
    if unknown := {one["Type"] for one in resources} - PRICED.keys() - BY_USE.keys():
        raise KeyError(f"no price is known of {', '.join(sorted(unknown))}")
    return [
        line
        for kind, pricing in PRICED.items()
        for resource in resources
        if resource["Type"] == kind
        for line in pricing(resource["Properties"], template)
    ]


def by_part(template: Template) -> dict[str, float]:
    """Dollars a month by what they are for."""
    found: Counter[str] = Counter()
    for line in lines(template):
        found[line.what] += line.dollars  # type: ignore[assignment]  # a Counter adds dollars as well
    return dict(found)


def calls_per_month(schedule: Mapping[str, Any]) -> float:
    """How often a schedule calls: every minute, every hour or every day."""
    if schedule["State"] != "ENABLED":
        return 0
    expression = schedule["ScheduleExpression"]
    if expression == "rate(1 minute)":
        return HOURS * 60
    _, hour, *days = expression.removeprefix("cron(").removesuffix(")").split()
    if days != ["*", "*", "?", "*"] or not (hour == "*" or hour.isdigit()):
        raise ValueError(f"{expression}: how often is that in a month?")
    return HOURS if hour == "*" else HOURS / 24


def _stream(stream: Mapping[str, Any], _: Template) -> Iterator[Line]:
    if stream["StreamModeDetails"]["StreamMode"] == "ON_DEMAND":
        yield Line("stream", "on demand", HOURS * prices.ON_DEMAND_STREAM_HOUR)
        return
    shards = stream["ShardCount"]
    yield Line("stream", f"{shards} shards", shards * HOURS * prices.SHARD_HOUR)
    if stream["RetentionPeriodHours"] > prices.INCLUDED_RETENTION_HOURS:
        kept = f"{shards} shards, {stream['RetentionPeriodHours']} hours"
        yield Line("stream, retention beyond a day", kept, shards * HOURS * prices.EXTENDED_SHARD_HOUR)


def _job(job: Mapping[str, Any], template: Template) -> Iterator[Line]:
    """Runs that find nothing to do: one takes 15 s here, so it is billed the least there is."""
    runs, workers = _runs(template), job["NumberOfWorkers"]
    hours = runs * workers * prices.GLUE_LEAST_MINUTES / 60
    yield Line("batch job", f"{runs:.0f} runs, {workers} workers", hours * prices.GLUE_DPU_HOUR)
    published = len(JOB_METRICS) + len(WATCH_METRICS)
    yield Line("metrics of our own", f"{published}", published * prices.CUSTOM_METRIC_MONTH)


def _machine(_: Mapping[str, Any], template: Template) -> Iterator[Line]:
    """The start and one state."""
    moves = 2 * _runs(template)
    yield Line("schedules and workflow", f"{moves:.0f} transitions", moves * prices.STATE_TRANSITION)


def _schedule(schedule: Mapping[str, Any], _: Template) -> Iterator[Line]:
    calls = calls_per_month(schedule)
    yield Line("schedules and workflow", f"{calls:.0f} calls", calls * prices.SCHEDULED_CALL)


def _function(function: Mapping[str, Any], template: Template) -> Iterator[Line]:
    """Only the one that a schedule calls works while nothing comes."""
    calls = sum(calls_per_month(one) for one in _schedules(template) if "Input" not in one["Target"])
    if function["Handler"] != "detect_traffic_anomalies.handler":
        return
    usage = watching_nothing()
    units = usage["write_units"] * prices.WRITE_UNIT + usage["read_units"] * prices.READ_UNIT
    seconds = (usage["Query"] + usage["PutItem"]) * CALL_S
    time = seconds * function["MemorySize"] / 1024 * prices.LAMBDA_GB_S
    log = LOG_LINE_BYTES / 1e9 * prices.LOGS_GB
    dollars = calls * (prices.LAMBDA_REQUEST + time + units + log)
    yield Line("watch over the traffic", f"{calls:.0f} calls", dollars)


def _queries(_: Mapping[str, Any], template: Template) -> Iterator[Line]:
    """Checks of the lake in every run, which look at its newest hours again, and a query a day for each report."""
    hourly = len(list((ROOT / "sql" / "checks").glob("*.sql"))) + len(("received_rows", "masked_rows"))
    queries = hourly * _runs(template) + len(REPORTS) * HOURS / 24
    yield Line("queries", f"{queries:.0f}", queries * prices.ATHENA_LEAST_BYTES * prices.ATHENA_BYTE)


def _endpoint(endpoint: Mapping[str, Any], _: Template) -> Iterator[Line]:
    if endpoint.get("VpcEndpointType") == "Interface":
        zones = len(endpoint["SubnetIds"])
        yield Line("network endpoints", f"{zones} zones", zones * HOURS * prices.ENDPOINT_ZONE_HOUR)


def _firewall(acl: Mapping[str, Any], _: Template) -> Iterator[Line]:
    rules = len(acl["Rules"])
    yield Line("firewall", f"{rules} rules", prices.WEB_ACL_MONTH + rules * prices.WEB_RULE_MONTH)


def _each(what: str, dollars: float) -> Pricing:
    """A price for having one of it."""
    return lambda _properties, _template: iter([Line(what, "1", dollars)])


def _schedules(template: Template) -> list[Mapping[str, Any]]:
    found = template["Resources"].values()
    return [one["Properties"] for one in found if one["Type"] == "AWS::Scheduler::Schedule"]


def _runs(template: Template) -> float:
    """Runs of the Glue job in a month: those schedules that name steps."""
    schedules = [one for one in _schedules(template) if "steps" in json.loads(one["Target"].get("Input", "{}"))]
    return sum(map(calls_per_month, schedules))


@cache
def watching_nothing() -> Usage:
    """Calls and units of one call of the traffic detector that finds nothing new."""
    usage: Usage = Counter()
    clock = [datetime(2026, 11, 21, tzinfo=UTC)]
    counters, states, anomalies = (CountedTable(usage) for _ in range(3))
    detector = TrafficDetector(counters, states, anomalies, lambda _: None, lambda: clock[0])
    for _ in range(2):
        usage.clear()
        detector.detect()
        clock[0] += timedelta(minutes=1)
    return usage


PRICED: dict[str, Pricing] = {
    "AWS::Kinesis::Stream": _stream,
    "AWS::Glue::Job": _job,
    "AWS::CloudWatch::Alarm": _each("alarms", prices.ALARM_MONTH),
    "AWS::CloudWatch::Dashboard": _each("dashboard", prices.DASHBOARD_MONTH),
    "AWS::KMS::Key": _each("key", prices.KEY_MONTH),
    "AWS::SecretsManager::Secret": _each("secret", prices.SECRET_MONTH),
    "AWS::Athena::WorkGroup": _queries,
    "AWS::Lambda::Function": _function,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::StepFunctions::StateMachine": _machine,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::WAFv2::WebACL": _firewall,
}
_NOTHING, _REQUESTS, _STORED = "costs nothing", "by request", "by what is stored"
BY_USE = {
    **dict.fromkeys(("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Logs::LogGroup"), _STORED),
    **dict.fromkeys(("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api", "AWS::SNS::Topic"), _REQUESTS),
    "AWS::EC2::FlowLog": "by GB of its log",
    "AWS::FIS::ExperimentTemplate": "$0.10 for each minute of an action, once somebody starts it",
    "AWS::Glue::Database": "a million objects of the catalog are free",
    "AWS::Glue::Table": "a million objects of the catalog are free",
    "AWS::Budgets::Budget": "without actions it is free",
    "AWS::SageMaker::NotebookInstance": "by the hour in which it runs",
    **{
        f"AWS::{name}": _NOTHING
        for name in (
            *("ApiGateway::Deployment", "ApiGateway::Method", "ApiGateway::Resource", "ApiGateway::Stage"),
            *("ApiGatewayV2::Integration", "ApiGatewayV2::Route", "ApiGatewayV2::Stage", "Athena::NamedQuery"),
            *("EC2::RouteTable", "EC2::SecurityGroup", "EC2::SecurityGroupIngress", "EC2::Subnet"),
            *("EC2::SubnetRouteTableAssociation", "EC2::VPC", "IAM::ManagedPolicy", "IAM::Policy", "IAM::Role"),
            *("Lambda::EventSourceMapping", "Lambda::LayerVersion", "Lambda::Permission", "Lambda::Url"),
            *("S3::BucketPolicy", "SNS::Subscription", "SNS::TopicPolicy", "WAFv2::WebACLAssociation"),
            *("SageMaker::ModelPackageGroup", "SageMaker::NotebookInstanceLifecycleConfig"),
        )
    },
    "Custom::S3AutoDeleteObjects": _NOTHING,
    **{
        f"AWS::QuickSight::{name}": "by the account's users of QuickSight and GB of SPICE"
        for name in ("Analysis", "Dashboard", "DataSet", "DataSource", "RefreshSchedule", "Template", "Theme")
    },
}
"""Types that cost nothing while nothing comes, and why."""
