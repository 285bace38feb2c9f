"""Hours from which somebody was erased: their old files go as soon as no reader is sent to them any more.

    _purges/dt=2026-11-21/hour=9/g=000003-<run>/asked.json      written before the generation is committed
    _purged/dt=2026-11-21/hour=9/done.json                      landing of the hour may be gone before its time

Everywhere else a replaced file outlives the swap by a grace, for queries that were planned before it. Here such a query
may fail, and is to be asked again.
"""

from clickstream.lake.generations import Generation, hour_in
from clickstream.ports import Bucket
from clickstream.tables import PURGES_PREFIX, RAW_EVENTS, hour_folder

_DONE = "_purged"


def ask(bucket: Bucket, generation: Generation) -> None:
    """Ask the garbage collector to let no grace pass in the hour, once it points to this generation or a later one."""
    folder = generation.folder.replace(f"{RAW_EVENTS.name}/", f"{PURGES_PREFIX}/", 1)
    bucket.put(f"{folder}asked.json", b"{}")


def asked(bucket: Bucket) -> dict[str, list[str]]:
    """Keys of what was asked, by hour."""
    found: dict[str, list[str]] = {}
    for entry in bucket.list(f"{PURGES_PREFIX}/"):
        found.setdefault(hour_in(entry.key), []).append(entry.key)
    return found


def note(bucket: Bucket, hour: str) -> None:
    """Note that landing objects of the hour go before their time, so that nobody takes them for lost."""
    bucket.put(_done_key(hour), b"{}")


def is_noted(bucket: Bucket, hour: str) -> bool:
    """Whether landing objects of the hour may be gone before their time."""
    return any(entry.key == _done_key(hour) for entry in bucket.list(_done_key(hour)))


def number_of(key: str) -> int:
    """The number of the generation whose folder holds an object."""
    return int(key.split("/g=")[1].split("-")[0])


def _done_key(hour: str) -> str:
    return f"{_DONE}/{hour_folder(hour)}/done.json"
