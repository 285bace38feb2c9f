"""What watches the traffic."""

from collections.abc import Callable, Iterator
from typing import Any

Template = dict[str, Any]
OfType = Callable[[Template, str], list[dict[str, Any]]]
Statements = Callable[[Template], Iterator[tuple[str, dict[str, Any]]]]


def test_it_is_called_every_minute(template: Template, of_type: OfType) -> None:
    """A schedule calls the function once a minute, and leaves a call that fails to the next one."""
    (schedule,) = [one for one in of_type(template, "Scheduler::Schedule") if one["Name"].endswith("-traffic")]
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}
    assert schedule["Target"]["Arn"]["Fn::GetAtt"][0].startswith("TrafficFunction")


def test_it_may_do_no_more_than_it_needs(template: Template, of_type: OfType, statements: Statements) -> None:
    """It reads counters and pending alerts, keeps its states, adds anomalies, publishes, logs, and uses the key."""
    with_key = {"DecryptWithKey": "kms:Decrypt", "EncryptWithKey": "kms:GenerateDataKey"}
    allowed = {
        statement["Sid"]: statement["Action"]
        for policy, statement in statements(template)
        if policy.startswith("TrafficRole")
    }
    assert allowed == {
        "WriteLogs": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "ReadCounters": "dynamodb:Query",
        "KeepStates": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
        "PutAnomalies": "dynamodb:PutItem",
        "ReadPending": "dynamodb:Query",
        "Alert": "sns:Publish",
        **(with_key if of_type(template, "KMS::Key") else {}),
    }


def test_somebody_is_told_when_it_stops(template: Template, of_type: OfType) -> None:
    """Errors raise an alarm, and so do fifteen minutes without a single call."""
    alarms = {alarm["AlarmName"].split("-", 2)[2]: alarm for alarm in of_type(template, "CloudWatch::Alarm")}
    stale = alarms["TrafficStale"]
    assert (stale["MetricName"], stale["TreatMissingData"]) == ("Invocations", "breaching")
    assert stale["Period"] * stale["EvaluationPeriods"] == 15 * 60
    assert alarms["TrafficErrors"]["MetricName"] == "Errors"
