"""What of the collector may be configured at deployment."""

from dataclasses import dataclass
from typing import Literal

CollectorDoor = Literal["http-api", "rest-api", "function-url", "off"]


@dataclass(frozen=True)
class CollectorConfig:
    """The part of `cdk.config.Config` that is about the collector.

    Attributes:
        collector: What stands in front of the collector: `http-api`, `rest-api` with a firewall, `function-url`, or
            `off` for no collector. None: `http-api`, and `function-url` on the emulator; see `collector_door`.
        collector_origins: Sites whose browsers may read the collector's answers, with commas; `*` for any.
        write_keys: The app of each write key that may send, as JSON; `{}` for any key.
        collector_events_per_minute: Events that one write key may send in a minute, or everybody together where any
            key may send; 0 for no limit.
        collector_requests_per_second: Requests from which the HTTP or REST API answers 429; twice that for a moment.
        collector_requests_per_address: Requests in five minutes from which the firewall of `rest-api` stops an address.
        collector_concurrency: Requests that the collector works on at a time, reserved for it; 0 for as many as the
            account has left.
    """

    collector: CollectorDoor | None = None
    collector_origins: str = "*"
    write_keys: str = "{}"
    collector_events_per_minute: int = 600_000
    collector_requests_per_second: int = 1_000
    collector_requests_per_address: int = 10_000
    collector_concurrency: int = 0
