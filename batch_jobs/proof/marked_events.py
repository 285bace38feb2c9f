"""Events that a proof sends: known by their own type, application and visitor, so that nobody takes them for people."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

EVENT_TYPE = "smoke_test"
APP_ID = "smoke-test"
LEAST_EVENTS = 20
APART = timedelta(seconds=20)
"""Between two events of a session: nobody clicks so calmly by machine, so no rule of sessions is broken."""


@dataclass(frozen=True)
class MarkedEvents:
    """The events of one proof; none names a page or a browser, so reports on pages and devices do not change.

    Attributes:
        run_id: Of this proof, hexadecimal.
        shards: How many open shards the stream has: each gets a session of its own.
        sent_time: When they are sent; they happened in the minutes before.
    """

    run_id: str
    shards: int
    sent_time: datetime

    @property
    def anonymous_id(self) -> str:
        """The visitor that all of them name, by which they are erased."""
        return f"smoke-{self.run_id}"

    @property
    def per_shard(self) -> int:
        """Events of each session."""
        return -(-LEAST_EVENTS // self.shards)

    @property
    def count(self) -> int:
        """All events."""
        return self.per_shard * self.shards

    @property
    def first_time(self) -> datetime:
        """When the first of them happened."""
        return self.sent_time - self.per_shard * APART

    def session_id(self, shard: int) -> str:
        """The session of the n-th shard, from 0."""
        return f"smoke-{self.run_id}-{shard}"

    def of_shard(self, shard: int) -> list[bytes]:
        """Its events as they are sent, one a record."""
        return [
            msgspec.json.encode(
                {
                    "event_type": EVENT_TYPE,
                    "event_id": f"smoke-{self.run_id}-{shard}-{number}",
                    "app_id": APP_ID,
                    "session_id": self.session_id(shard),
                    "anonymous_id": self.anonymous_id,
                    "timestamp": (self.first_time + number * APART).isoformat(),
                }
            )
            for number in range(self.per_shard)
        ]
