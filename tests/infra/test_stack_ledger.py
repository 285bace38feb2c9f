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
    alarms = {alarm["MetricName"]: alarm for alarm in of_type(template, "CloudWatch::Alarm") if "MetricName" in alarm}
    audited = (metrics.COUNTER_DIFFERENCE, metrics.LEDGER_CONTRADICTIONS)
    for name in (*audited, metrics.QUALITY_FAILURES, metrics.QUALITY_WARNINGS):
        alarm = alarms[name]
        assert (alarm["Namespace"], alarm["Threshold"], alarm["Statistic"]) == (metrics.NAMESPACE, 1, "Maximum")
        assert alarm["TreatMissingData"] == "notBreaching"
        (dimension,) = alarm["Dimensions"]
        assert dimension["Name"] == metrics.LEDGER
        assert "TablesLedger" in json.dumps(dimension["Value"])


def test_what_the_batch_job_writes_in_tables(template: Template, statements: Statements) -> None:
    """Pages, the work list and the state of requests; no session, no anomaly, no commit."""
    written: dict[str, Any] = {}
    for policy, statement in statements(template):
        if policy.startswith("BatchRole") and statement["Action"] == "dynamodb:PutItem":
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
