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
                    "Namespace": "Clickstream",
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
