"""Replay: hours of `raw_events` made anew by the code of today, beside what readers see, to compare and then decide.

    _replays/dt=2026-11-21/hour=9/prepared.json          the generation that was prepared for the hour, not committed
    _replays/dt=2026-11-21/hour=9/decided-<run>.json     what became of it: created once, never changed or removed

The files lie where those of the next generation would, and the partitions of a shadow table point to them. So swapping
is the ordinary commit and pointer, no copy; and it is refused if the hour has moved on since, because then something
else was compared. Files are only removed after the decision to discard was written: whoever wants to swap writes
another one under the same key before, and only one of the two can.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from clickstream.errors import Conflict, LakeError
from clickstream.lake import generations
from clickstream.lake.catalog import Partition, uri
from clickstream.lake.compaction import repoint
from clickstream.lake.generations import Generation, hour_in
from clickstream.lake.identities import index_key
from clickstream.lake.refreshing import refreshed
from clickstream.lake.restoring import Base, adopt, gone, newest_of, older, prepare
from clickstream.lake.tombstones import TombstoneLog
from clickstream.lake.work import Lake
from clickstream.tables import PURGES_PREFIX, RAW_EVENTS, hour_folder

REPLAY = "replay "
"""How the origin of a replayed generation begins."""
SHADOW = f"{RAW_EVENTS.name}_replay"
"""Name of the table to look at before deciding, and prefix of its own, empty, location."""
PREFIX = "_replays"
_PREPARED = "/prepared.json"
Swap = Literal["swapped", "already", "overtaken"]
_SWAP, _DISCARD = b'"swap"', b'"discard"'


def replay(
    lake: Lake, hour: str, run_id: str, *, number: int | None = None, is_from_landing: bool = True
) -> Generation:
    """Prepare the hour anew and show it in the shadow table: from landing, or from a generation (default: the newest).

    From landing it is made of exactly the inputs of the newest generation, so that only the code makes a difference.
    Raises `LakeError` if the hour has no generation, or if inputs or files are not kept any more.
    """
    newest = newest_of(lake, hour)
    name = f"{REPLAY}{run_id}"
    base = _landing(lake, newest, name) if is_from_landing else _generation(lake, newest, name, number)
    discard(lake, hour)
    prepared = prepare(lake, newest, base, refreshed)
    lake.bucket.put(_key(hour), msgspec.json.encode(prepared))
    if len(TombstoneLog(lake.bucket).read()) > prepared.tombstones:
        # An erasure that searched before these files were there would never see them again.
        discard(lake, hour)
        raise LakeError(f"{hour}: somebody was erased meanwhile; replay it again")
    _show(lake, prepared)
    return prepared


def prepared_hours(lake: Lake) -> Iterator[str]:
    """The hours with a replay that is neither discarded nor cleared away after its swap, oldest first."""
    yield from sorted(hour_in(entry.key) for entry in lake.bucket.list(f"{PREFIX}/") if entry.key.endswith(_PREPARED))


def prepared(lake: Lake, hour: str) -> Generation | None:
    """What was prepared for the hour. Raises `LakeError` if it is unreadable."""
    key = _key(hour)
    if not any(entry.key == key for entry in lake.bucket.list(key)):
        return None
    try:
        return msgspec.json.decode(lake.bucket.get(key), type=Generation)
    except msgspec.DecodeError as error:
        raise LakeError(f"{key} is no prepared generation ({error}): remove the object and replay again") from error


def swap(lake: Lake, hour: str) -> Swap:
    """Make the prepared generation the newest one. Safe to repeat; `overtaken` changes nothing.

    It is overtaken by a newer generation, and by the end of landing objects that it leaves out and the newest holds.
    Raises `LakeError` if nothing was prepared.
    """
    found = prepared(lake, hour)
    if found is None:
        raise LakeError(f"{hour}: nothing is prepared; replay it first")
    if _is_committed(lake, found):
        repoint(lake, newest_of(lake, hour))
        return "already"
    if not _is_next(lake, found) or _would_lose(lake, found) or not _decided(lake, found, _SWAP):
        return "overtaken"
    return "swapped" if adopt(lake, found) else "overtaken"


def discard(lake: Lake, hour: str) -> int:
    """Forget what was prepared for the hour, and remove its files unless they were swapped in. Safe to repeat.

    Returns how many data files were removed. Raises `LakeError` if a swap of it was begun and may still be going on.
    """
    found = prepared(lake, hour)
    if found is None:
        return 0
    removed = 0
    if not _is_committed(lake, found):
        if not _decided(lake, found, _DISCARD) and _is_next(lake, found):
            raise LakeError(f"{hour}: a swap of the replay was begun; finish it, then roll the hour back")
        if not _is_committed(lake, found):
            removed = _remove(lake, found)
    lake.bucket.delete(_key(hour))
    return removed


def _remove(lake: Lake, found: Generation) -> int:
    """Remove the files of a generation that can never be committed any more."""
    asked = found.folder.replace(RAW_EVENTS.name, PURGES_PREFIX, 1)
    outputs = [output.key for output in found.outputs]
    beside = [index_key(found), *_own_quarantine(found), *(entry.key for entry in lake.bucket.list(asked))]
    for key in (*outputs, *beside):
        lake.bucket.delete(key)
    return len(outputs)


def _is_next(lake: Lake, found: Generation) -> bool:
    """Whether its number is still free."""
    return newest_of(lake, found.hour).generation < found.generation


def _would_lose(lake: Lake, found: Generation) -> bool:
    """Whether the newest generation holds landing objects that it leaves out and that could not become work again."""
    left_out = set(newest_of(lake, found.hour).inputs) - set(found.inputs)
    return bool(left_out and gone(lake, found.hour, left_out))


def _is_committed(lake: Lake, found: Generation) -> bool:
    """Whether this very generation was committed, be it the newest or not."""
    return not _is_next(lake, found) and generations.read(lake.bucket, found.key).run_id == found.run_id


def _own_quarantine(found: Generation) -> list[str]:
    """The quarantine files that it made itself; others belong to the generation that it was made of."""
    own = f"/g={found.generation:06}-{found.run_id}/"
    return [key for key in (*found.quarantine, *found.unreadable) if own in key]


def _landing(lake: Lake, newest: Generation, name: str) -> Base:
    if lost := gone(lake, newest.hour, newest.inputs):
        raise LakeError(
            f"{newest.hour}: {len(lost)} of {len(newest.inputs)} landing objects are not kept any more; "
            "replay it from its generation"
        )
    wanted = set(newest.inputs)
    inputs = {one.key: one for one in lake.ledger.work(newest.hour) if one.kind == "landing" and one.key in wanted}
    if missing := wanted - inputs.keys():
        raise LakeError(f"{newest.hour}: {len(missing)} inputs are on no work list: audit the ledger, then try again")
    return Base(name, None, tuple(inputs[key] for key in sorted(inputs)))


def _generation(lake: Lake, newest: Generation, name: str, number: int | None) -> Base:
    is_newest = number in (None, newest.generation)
    found = newest if is_newest else older(lake, newest.hour, number).generation
    return Base(name, found)


def _show(lake: Lake, found: Generation) -> None:
    """Point the hour of the shadow table to the prepared files. Only one replay at a time looks at it."""
    partition = Partition(found.hour, uri(lake.bucket, found.folder), found.generation, lake.clock())
    try:
        lake.catalog.create(SHADOW, partition)
    except Conflict:
        lake.catalog.update(SHADOW, partition)


def _key(hour: str) -> str:
    return f"{PREFIX}/{hour_folder(hour)}{_PREPARED}"


def _decided(lake: Lake, found: Generation, wanted: bytes) -> bool:
    """Decide what becomes of a prepared generation, once and for all. False if it was decided otherwise."""
    key = f"{PREFIX}/{hour_folder(found.hour)}/decided-{found.run_id}.json"
    try:
        lake.bucket.put_new(key, wanted)
    except Conflict:
        return lake.bucket.get(key) == wanted
    return True
