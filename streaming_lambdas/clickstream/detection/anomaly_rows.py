"""Rows of the `anomalies` table: each added once, and marked when somebody was told of it.

A row waits under `pending` until a message has counted it. Marking replaces a row that is there: one that was erased
since it was read must not come back.
"""

from contextlib import suppress
from datetime import datetime

from clickstream.errors import Conflict, InfrastructureError
from clickstream.live.lifetimes import lifetime
from clickstream.ports import Item, Table


def added(table: Table, row: Item, now: datetime, retention_days: int) -> Item | None:
    """The row as it is stored from now on; None if it was there already. Raises `InfrastructureError`."""
    item = row | {"stored_time": now.isoformat(), "expires_at": expires_at(now, retention_days)}
    try:
        table.put_new(item)
    except Conflict:
        return None
    return item


def marked(table: Table, row: Item) -> str:
    """Take the row off the list of what is pending. Empty, or why that failed: then a later message counts it again."""
    told = {name: value for name, value in row.items() if name != "pending"} | {"alerted": True}
    try:
        with suppress(Conflict):
            table.put_existing(told)
    except InfrastructureError as error:
        return str(error)
    return ""


def expires_at(now: datetime, retention_days: int) -> int:
    """Epoch seconds at which what is written now may go."""
    return int((now + lifetime(retention_days)).timestamp())
