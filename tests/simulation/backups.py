"""What a DynamoDB table can suffer besides failed calls: restored to an earlier moment, or thinned out by TTL."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta

from clickstream.ports import Key
from tests.simulation.fakes import MemoryTable
from tests.simulation.stores import OpenTable

TTL_DELAY = timedelta(hours=48)
"""DynamoDB removes an expired item at some time within this."""


class Backups:
    """Copies of some tables in memory, by their names."""

    def __init__(self, tables: Mapping[str, OpenTable]) -> None:
        self._tables = {name: table for name, table in tables.items() if isinstance(table, MemoryTable)}
        self._copies: list[dict[str, dict[Key, bytes]]] = []
        self.restored: list[str] = []
        """Names of the tables that were restored, in order."""

    def take(self) -> None:
        """Copy every table as it is now."""
        self._copies.append({name: dict(table.items) for name, table in self._tables.items()})

    def restore(self, name: str, chance: random.Random) -> bool:
        """Make one table what it was at the time of some copy. False if there is none."""
        if not self._copies:
            return False
        self._tables[name].items = dict(chance.choice(self._copies)[name])
        self.restored.append(name)
        return True


def expire(table: OpenTable, now: datetime, chance: random.Random) -> int:
    """Remove what expired long ago, and half of what expired lately. Returns how many items."""
    expired = [(Key(item["pk"], item["sk"]), item["expires_at"]) for item in table.everything()]
    gone = [
        key
        for key, expires_at in expired
        if expires_at < now.timestamp() and (expires_at < (now - TTL_DELAY).timestamp() or chance.random() < 0.5)
    ]
    for key in gone:
        table.delete(key)
    return len(gone)
