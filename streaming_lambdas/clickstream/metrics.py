"""The one structured line of an invocation: log entry and CloudWatch metrics at once (embedded metric format).

Names live here; dashboard and alarms import them.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

NAMESPACE = "Clickstream/Events"
EVENTS_PROCESSED = "EventsProcessed"
EVENT_TYPE = "EventType"
EVENT_TYPES = ("page_view", "click", "search", "view_item", "add_to_cart", "begin_checkout", "purchase")
"""Values of that dimension; every other type is counted as OTHER_TYPE. A producer must not decide how many metrics an
account pays for."""
OTHER_TYPE = "other"
FUNCTION = "function"
EVENTS = "events"
LANDED = "landed"
BAD = "bad"
BAD_PERCENT = "bad_percent"
"""Share of bad events in those of an invocation; not there where it had none."""
RECORDS = "records"
COMMITS = "commits"
ANOMALIES = "anomalies"
ALERTS = "alerts"
SESSIONS = "sessions"
ALERTS_FAILED = "alerts_failed"
ALERTS_HELD = "alerts_held"
"""New anomalies that wait for the end of their rule's cool-down."""
SERIES = "series"
MINUTES = "minutes"
"""Complete minutes of the counters that a run took in."""
RETRIES = "retries"
"""Batches that a failed service sent back to be delivered again; Lambda does not count them as errors."""
COUNTER_DIFFERENCE = "counter_difference"
"""Events by which counter pages differ from what the ledger says has landed; 0 when all is well."""
LEDGER_CONTRADICTIONS = "ledger_contradictions"
"""Commits that do not add up, by themselves or against their objects."""
QUALITY_FAILURES = "quality_failures"
"""Checks of the lake that failed, which stops the reports."""
QUALITY_WARNINGS = "quality_warnings"
"""Checks of the lake that only warn."""
GIVEN_UP_BATCHES = "given_up_batches"
"""Objects in the failure bucket: their records came in and are in no commit, until they are recovered."""
COMPACTION_LAG_MINUTES = "compaction_lag_minutes"
"""Since the end of the oldest hour of the last day that is not whole in `raw_events`; 0 if all are."""
REPORT_LAG_HOURS = "report_lag_hours"
"""Since the end of the oldest day of the last week that has no report after a run of the reports; 0 if all have."""
QUERY_DOLLARS = "query_dollars"
"""What Athena charges for the queries of a run."""
LEDGER = "ledger"
"""Dimension of the eight above: the name of the ledger's table tells environments apart."""
LATENCY_MS = "latency_ms"
"""Age of the oldest record of the batch when its work was done."""


REQUESTS = "requests"
REFUSED_PERCENT = "refused_percent"
"""Of one request 0 or 100: whether it was answered with an error. Its average is the share."""
RESENT = "resent"
"""Records that the stream refused, or whose reply was lost, and that were put again."""
UNAVAILABLE = "unavailable"
"""Requests that were told to come back because the stream did not take all of them in time."""
LIMITED = "limited"
"""Requests that were told to come back because their key is over its limit."""
UNCHECKED = "unchecked"
"""Requests that were let through because the table of limits did not answer."""


_UNITS = {"ms": "Milliseconds", "percent": "Percent"}
"""By the end of a metric's name; all others are counts."""


def line(function: str, at: datetime, values: Mapping[str, float], **properties: str | int) -> str:
    """One JSON line: metrics by function, and properties that are only logged.

    Source: CloudWatch embedded metric format specification.
    """
    return _embedded(at, [[FUNCTION]], values, {FUNCTION: function, **properties})


def type_lines(function: str, at: datetime, event_types: Mapping[str, int]) -> Iterator[str]:
    """One line for each type of event: its metric by type in the whole account, and by function and type."""
    counts: Counter[str] = Counter()
    for name, count in event_types.items():
        counts[name if name in EVENT_TYPES else OTHER_TYPE] += count
    for name, count in counts.items():
        properties = {FUNCTION: function, EVENT_TYPE: name}
        yield _embedded(at, [[EVENT_TYPE], [FUNCTION, EVENT_TYPE]], {EVENTS_PROCESSED: count}, properties)


def unit_of(name: str) -> str:
    """The unit of a metric, as CloudWatch spells it."""
    return _UNITS.get(name.rpartition("_")[2], "Count")


def _embedded(
    at: datetime, dimensions: list[list[str]], values: Mapping[str, float], properties: Mapping[str, str | int]
) -> str:
    definitions = [{"Name": name, "Unit": unit_of(name)} for name in values]
    directive = {"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": definitions}
    metadata = {"Timestamp": int(at.timestamp() * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": metadata, **properties, **values})


def retry_line(function: str, at: datetime, shard_id: str, error: Exception) -> str:
    """The line of an invocation whose batch is to be delivered again, and why."""
    return line(function, at, {RETRIES: 1}, shard_id=shard_id, **trouble(str(error)))


def trouble(problem: str) -> dict[str, str]:
    """The properties of a line that tell of a problem; none if there is none."""
    return {"level": "error", "error": problem} if problem else {}
