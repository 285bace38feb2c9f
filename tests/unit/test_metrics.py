"""The structured line of an invocation."""

import json
from datetime import UTC, datetime

from clickstream import metrics


def test_the_line_is_one_json_object_with_its_metrics() -> None:
    """CloudWatch finds name, unit, dimension and value of every metric; properties are only logged."""
    at = datetime(2026, 11, 21, 9, 5, 30, 250000, tzinfo=UTC)
    values = {metrics.EVENTS: 3, metrics.LATENCY_MS: 90, metrics.BAD_PERCENT: 0.5}
    line = metrics.line("process_events", at, values, shard_id="s\n1")
    assert "\n" not in line
    assert json.loads(line) == {
        "_aws": {
            "Timestamp": 1795251930250,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Clickstream/Events",
                    "Dimensions": [["function"]],
                    "Metrics": [
                        {"Name": "events", "Unit": "Count"},
                        {"Name": "latency_ms", "Unit": "Milliseconds"},
                        {"Name": "bad_percent", "Unit": "Percent"},
                    ],
                }
            ],
        },
        "function": "process_events",
        "events": 3,
        "latency_ms": 90,
        "bad_percent": 0.5,
        "shard_id": "s\n1",
    }


def test_events_are_counted_by_type_for_the_account_and_for_the_function() -> None:
    """Namespace, name and dimension are those that the alarms of others know; types of no list are one."""
    at = datetime(2026, 11, 21, 9, 5, 30, tzinfo=UTC)
    lines = [json.loads(line) for line in metrics.type_lines("f", at, {"page_view": 3, "mine": 1, "yours": 1})]
    assert [(line["EventType"], line["EventsProcessed"]) for line in lines] == [("page_view", 3), ("other", 2)]
    (directive,) = lines[0]["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "Clickstream/Events",
        "Dimensions": [["EventType"], ["function", "EventType"]],
        "Metrics": [{"Name": "EventsProcessed", "Unit": "Count"}],
    }
