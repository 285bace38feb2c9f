"""Invocations of the collector, as a function URL and an HTTP API make them."""

import json
from typing import Any

from clickstream.collecting import flat

NOON_MS = 1_795_953_600_000
"""2026-11-29 12:00 UTC."""


class Unhurried:
    """Lambda's context of a function that has just begun."""

    def __init__(self, left_ms: int = 15_000) -> None:
        self._left_ms = left_ms

    def get_remaining_time_in_millis(self) -> int:
        """What is left of its time."""
        return self._left_ms


def posted(*events: dict[str, Any], path: str = flat.PATH, **headers: str) -> dict[str, Any]:
    """A request with these events as JSON lines."""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/x-ndjson", **headers},
        "requestContext": {"http": {"method": "POST", "path": path, "sourceIp": "203.0.113.9"}, "timeEpoch": NOON_MS},
        "body": "\n".join(map(json.dumps, events)),
        "isBase64Encoded": False,
    }
