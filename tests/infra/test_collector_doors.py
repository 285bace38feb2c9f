"""What stands in front of the collector, for each door that can be chosen."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdk import checks

Template = dict[str, Any]
OfType = Callable[[Template, str], list[dict[str, Any]]]
DOORS = ("http-api", "rest-api", "function-url")
PERSONAL = ("ip", "userAgent", "identity", "path", "rawQuery", "querystring", "cookie", "header")


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, template_of: Callable[..., Template]) -> Template:
    """A stack with the door."""
    return template_of(environment="production", collector=request.param)


@pytest.mark.parametrize("name", DOORS[1:])
def test_nothing_is_found(name: str, tmp_path: Path) -> None:
    """Every door passes the gate with reasons that it needs; that of the default is part of the gate anyway."""
    out = tmp_path / "out"
    assert checks.findings(checks.application(tmp_path, ("dev", "production"), collector=name), out) == []
    assert checks.idle(out / checks.REPORT, name) == []


def test_the_address_is_an_output(door: Template) -> None:
    """Trackers are pointed at `CollectorUrl`, which is made of what was deployed."""
    assert "Collector" in json.dumps(door["Outputs"]["CollectorUrl"])


def test_only_the_door_may_invoke(door: Template, of_type: OfType) -> None:
    """The function is open to its API alone, or to its URL."""
    for permission in of_type(door, "Lambda::Permission"):
        is_gateway = permission["Principal"] == "apigateway.amazonaws.com"
        assert is_gateway == ("SourceArn" in permission)
        assert is_gateway or "FunctionUrlAuthType" in permission or "InvokedViaFunctionUrl" in permission


def test_every_door_is_watched(door: Template, of_type: OfType) -> None:
    """Errors, throttles, slow answers, refusals and a silent table of limits each have an alarm."""
    names = {alarm["AlarmName"] for alarm in of_type(door, "CloudWatch::Alarm")}
    watched = ("Failures", "Errors", "Throttles", "Slow", "Refused", "Unavailable", "Unchecked")
    assert {f"clickstream-production-Collector{name}" for name in watched} <= names


def test_an_http_api_is_limited_and_logs_nobody(template_of: Callable[..., Template], of_type: OfType) -> None:
    """Its stage has the configured limits, and a line of its log tells nothing of a person."""
    (stage,) = of_type(template_of(collectorRequestsPerSecond="70"), "ApiGatewayV2::Stage")
    settings = stage["DefaultRouteSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (70, 140)
    format_ = stage["AccessLogSettings"]["Format"]
    assert json.loads(format_)["status"] == "$context.status"
    assert [word for word in PERSONAL if word.lower() in format_.lower()] == []


def test_a_rest_api_has_a_firewall(template_of: Callable[..., Template], of_type: OfType) -> None:
    """Its stage is behind a web ACL that stops an address with too many requests, and gets bytes as they are."""
    template = template_of(collector="rest-api", collectorRequestsPerAddress="500")
    (acl,) = of_type(template, "WAFv2::WebACL")
    (association,) = of_type(template, "WAFv2::WebACLAssociation")
    (stage,) = [name for name, one in template["Resources"].items() if one["Type"] == "AWS::ApiGateway::Stage"]
    assert stage in json.dumps(association["ResourceArn"])
    rules = {rule["Name"]: rule for rule in acl["Rules"]}
    assert rules["rate"]["Statement"]["RateBasedStatement"]["Limit"] == 500
    assert rules["rate"]["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 429
    assert [rule["Priority"] for rule in acl["Rules"]] == sorted({rule["Priority"] for rule in acl["Rules"]})
    assert {rule["VisibilityConfig"]["SampledRequestsEnabled"] for rule in acl["Rules"]} == {False}
    group = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    counted = {one["Name"] for one in group["RuleActionOverrides"] if "Count" in one["ActionToUse"]}
    assert {"SizeRestrictions_BODY", "CrossSiteScripting_BODY", "NoUserAgent_HEADER"} <= counted
    assert of_type(template, "ApiGateway::RestApi")[0]["BinaryMediaTypes"] == ["*/*"]


def test_without_a_collector_nothing_of_it_is_there(template_of: Callable[..., Template]) -> None:
    """`collector=off` is for producers that write to the stream themselves."""
    template = template_of(collector="off")
    assert [name for name in template["Resources"] if name.startswith("Collector")] == []
    assert [name for name in template["Outputs"] if name.startswith("Collect")] == []


def test_settings_reach_the_function(template_of: Callable[..., Template], of_type: OfType) -> None:
    """Keys, origins, limits and the number of shards are what the function is told; concurrency is reserved."""
    template = template_of(
        writeKeys='{"k": "shop"}',
        collectorOrigins="https://shop.example",
        collectorConcurrency="9",
        streamShardCount="7",
    )
    (function,) = [one for one in of_type(template, "Lambda::Function") if one["Handler"] == "collect_events.handler"]
    variables = function["Environment"]["Variables"]
    assert variables["CLICKSTREAM_WRITE_KEYS"] == '{"k":"shop"}'
    assert variables["CLICKSTREAM_ORIGINS"] == "https://shop.example"
    assert variables["CLICKSTREAM_STREAM_BUCKETS"] == "7"
    assert function["ReservedConcurrentExecutions"] == 9
