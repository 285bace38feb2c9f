"""What watches the ledger, and what the audit may do."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from clickstream import metrics

Template = dict[str, Any]
OfType = Callable[[Template, str], list[dict[str, Any]]]
Statements = Callable[[Template], Iterator[tuple[str, dict[str, Any]]]]


def test_an_alarm_for_each_metric_of_the_audit(template: Template, of_type: OfType) -> None:
    """A single event of difference, or one commit that does not add up, rings; no data does not."""
    found = [alarm for alarm in of_type(template, "CloudWatch::Alarm") if alarm["TreatMissingData"] == "notBreaching"]
    alarms = {alarm["MetricName"]: alarm for alarm in found}
    audited = (metrics.COUNTER_DIFFERENCE, metrics.LEDGER_CONTRADICTIONS)
    for name in (*audited, metrics.QUALITY_FAILURES, metrics.QUALITY_WARNINGS):
        alarm = alarms[name]
        assert (alarm["Namespace"], alarm["Threshold"], alarm["Statistic"]) == (metrics.NAMESPACE, 1, "Maximum")
        assert alarm["TreatMissingData"] == "notBreaching"
        (dimension,) = alarm["Dimensions"]
        assert dimension["Name"] == metrics.LEDGER
        assert "TablesLedger" in json.dumps(dimension["Value"])


def test_an_audit_that_stays_silent_rings(template: Template, of_type: OfType) -> None:
    """Three hours without a single number of the audit, whatever the number is."""
    (alarm,) = [one for one in of_type(template, "CloudWatch::Alarm") if one["AlarmName"].endswith("-AuditSilent")]
    assert (alarm["MetricName"], alarm["Statistic"]) == (metrics.COUNTER_DIFFERENCE, "SampleCount")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert (alarm["TreatMissingData"], alarm["Period"] * alarm["EvaluationPeriods"]) == ("breaching", 3 * 3600)
    assert alarm["Dimensions"][0]["Name"] == metrics.LEDGER


def test_many_bad_events_ring(template_of: Callable[..., Template], of_type: OfType) -> None:
    """A share of bad events that stays above the configured one for a quarter of an hour."""
    for context, percent in (({}, 5), ({"badEventsAlarmPercent": 20}, 20)):
        alarms = of_type(template_of(**context), "CloudWatch::Alarm")
        (alarm,) = [one for one in alarms if one["AlarmName"].endswith("-BadEvents")]
        assert (alarm["MetricName"], alarm["Statistic"]) == (metrics.BAD_PERCENT, "Average")
        assert (alarm["Threshold"], alarm["Period"] * alarm["EvaluationPeriods"]) == (percent, 15 * 60)
        assert alarm["Dimensions"][0]["Name"] == metrics.FUNCTION


def test_what_the_batch_job_writes_in_tables(template: Template, statements: Statements) -> None:
    """Pages, the work list and the state of requests; no session, no anomaly, no commit."""
    written: dict[str, Any] = {}
    for policy, statement in statements(template):
        if policy.startswith("BatchRole") and "dynamodb:PutItem" in statement["Action"]:
            written[statement["Sid"]] = json.dumps(statement["Resource"])
    assert set(written) == {"WritePages", "WriteWorkList", "WriteRequests"}
    assert "TablesCounters" in written["WritePages"]
    assert "TablesPageMetrics" in written["WritePages"]
    assert not any(name in "".join(written.values()) for name in ("TablesSessionMetrics", "TablesAnomalies"))


def test_the_audit_gets_its_names(template: Template, of_type: OfType) -> None:
    """Stream, page metrics and retention reach the steps as arguments."""
    (job,) = of_type(template, "Glue::Job")
    arguments = job["DefaultArguments"]
    assert {"--stream", "--page-metrics-table", "--retention-days"} <= set(arguments)
