"""Rows with the same event_id: which one stays, and why the others go.

One row of an id stays: the one that was received first, by position where that is equal; rows of the hour before come
before all. Rows whose id is unique stream through. The others wait aside in a table of bounded size: the survivors so
far, against which each further row is judged. numpy is not part of the Lambda layer: no handler may import this module.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clickstream.lake.fingerprints import Fingerprints, Marks, Mask, Sought
from clickstream.lake.parquet import SCHEMA, DataFile, PartWriter, conformed, ids, row_groups

SUSPECT_IDS = 100_000
"""Ids that are judged in one pass over the files; more ids take more passes, not more memory."""
ROUND_ROWS = 50_000
ROUND_BYTES = 32 * 2**20

_POSITION = ("epoch", "shard_id", "sequence_number", "sub_sequence")
_OF_DELIVERY = {"event_id", "received_time", "sent_time", *_POSITION}
_CONTENT = tuple(name for name in SCHEMA.names if name not in _OF_DELIVERY)
_OURS = "_ours"
_ORDER = ("event_id", _OURS, "received_time", *_POSITION)


@dataclass
class Removed:
    """Rows that are told by another one. Those with content of their own are in quarantine instead."""

    redelivered: int = 0
    """The same position twice."""
    duplicates: int = 0
    """Another position, the same content apart from times of delivery."""


def unite(
    ours: Sequence[DataFile], hour_before: Sequence[DataFile], output: PartWriter, quarantine: PartWriter
) -> Removed:
    """Write one row per event_id of `ours` to `output`, unless the hour before has the id. Each file is read in order.

    Memory: 16 bytes a row, one run of the writer, and the rows of `SUSPECT_IDS` ids. Raises `LakeError` for a file
    that cannot be read.
    """
    fingerprints = Fingerprints()
    marks = [_marks(file, fingerprints) for file in ours]
    marks_before = [_marks(file, fingerprints) for file in hour_before]
    suspects = _suspects(marks, marks_before)
    every, removed = Sought(suspects), Removed()
    for number, part in enumerate(np.array_split(suspects, max(1, -(-len(suspects) // SUSPECT_IDS)))):
        some = every if len(part) == len(suspects) else Sought(part)
        contest = _Contest(removed, quarantine)
        for file, file_marks in zip(hour_before, marks_before, strict=True):
            for table, its_marks in _with_marks(file, file_marks, some):
                contest.add(_rows(table, some.among(its_marks)), is_ours=False)
        for file, file_marks in zip(ours, marks, strict=True):
            for table, its_marks in _with_marks(file, file_marks, some if number else None):
                mine = some.among(its_marks)
                if number == 0:
                    is_suspect = mine if some is every else every.among(its_marks)
                    output.add(table, pa.array(~is_suspect))
                contest.add(_rows(table, mine), is_ours=True)
        output.add(contest.survivors())
    return removed


def may_share(ours: Sequence[DataFile], others: Sequence[DataFile]) -> bool:
    """Whether an event_id may be in both; False is certain. Reads no other column. Raises as `unite` does."""
    fingerprints = Fingerprints()
    marks = [_marks(file, fingerprints) for file in ours]
    known = Sought(np.concatenate(marks) if marks else np.zeros(0, np.uint64))
    return any(known.among(fingerprints.of(group)).any() for file in others for group in ids(file))


class _Contest:
    """The survivors so far of some ids, and the rows that wait for the next round."""

    def __init__(self, removed: Removed, quarantine: PartWriter) -> None:
        self._removed = removed
        self._quarantine = quarantine
        self._survivors: pa.Table = _plain(SCHEMA.empty_table(), is_ours=True)
        self._waiting: list[pa.Table] = []
        self._waiting_bytes = 0

    def add(self, rows: pa.Table, *, is_ours: bool) -> None:
        """Enter rows."""
        if len(rows):
            self._waiting.append(_plain(rows, is_ours=is_ours))
            self._waiting_bytes += self._waiting[-1].nbytes
        if sum(map(len, self._waiting)) >= ROUND_ROWS or self._waiting_bytes >= ROUND_BYTES:
            self._round()

    def survivors(self) -> pa.Table:
        """Our rows that stay, after all were entered."""
        self._round()
        return _working(self._survivors.filter(self._survivors[_OURS]))

    def _round(self) -> None:
        if not self._waiting:
            return
        table = pa.concat_tables([self._survivors, *self._waiting]).combine_chunks()
        self._waiting, self._waiting_bytes = [], 0
        table = table.take(pc.sort_indices(table, sort_keys=[(name, "ascending") for name in _ORDER]))
        is_loser = _like_the_row_before(table, ("event_id",))
        first_of_id = np.maximum.accumulate(np.where(is_loser, 0, np.arange(len(table))))
        is_redelivery = is_loser & _like_the_row_before(table, _POSITION)
        losers = np.flatnonzero(is_loser & ~is_redelivery)
        is_same = _same_content(table.take(losers), table.take(first_of_id[losers]))
        self._removed.redelivered += int(is_redelivery.sum())
        self._removed.duplicates += int(is_same.sum())
        self._quarantine.add(_working(table.take(losers[~is_same])))
        self._survivors = table.filter(pa.array(~is_loser))


def _marks(file: DataFile, fingerprints: Fingerprints) -> Marks:
    groups = [fingerprints.of(group) for group in ids(file)]
    return np.concatenate(groups) if groups else np.zeros(0, np.uint64)


def _suspects(marks: list[Marks], marks_before: list[Marks]) -> Marks:
    """Fingerprints, sorted, that occur twice among ours, or among ours and in the hour before."""
    ours = np.sort(np.concatenate(marks)) if marks else np.zeros(0, np.uint64)
    known = Sought(ours if marks_before else ours[:0])
    before = [one[known.among(one)] for one in marks_before]
    found: Marks = np.unique(np.concatenate([ours[1:][ours[1:] == ours[:-1]], *before]))
    return found


def _with_marks(file: DataFile, marks: Marks, wanted: Sought | None) -> Iterator[tuple[pa.Table, Marks]]:
    """Each row group with its marks; nothing of a file that has none of the wanted ones."""
    if wanted is not None and not wanted.among(marks).any():
        return
    first = 0
    for table in row_groups(file):
        yield table, marks[first : first + len(table)]
        first += len(table)


def _rows(table: pa.Table, mask: Mask) -> pa.Table:
    return table.take(pa.array(np.flatnonzero(mask)))


def _plain(table: pa.Table, *, is_ours: bool) -> pa.Table:
    """Without dictionaries, which cannot be sorted, and with the column that tells our rows apart."""
    return table.cast(SCHEMA).append_column(_OURS, pa.array(np.full(len(table), is_ours)))


def _working(table: pa.Table) -> pa.Table:
    return conformed(table.drop_columns([_OURS]), "rows in hand")


def _like_the_row_before(table: pa.Table, names: Sequence[str]) -> Mask:
    """For each row whether all the columns equal those of the row before it."""
    if not len(table):
        return np.zeros(0, np.bool_)
    equal = _all_equal(table.select(list(names)).slice(1), table.select(list(names)).slice(0, len(table) - 1))
    return np.concatenate([np.zeros(1, np.bool_), equal])


def _same_content(left: pa.Table, right: pa.Table) -> Mask:
    return _all_equal(_content(left), _content(right))


def _content(table: pa.Table) -> pa.Table:
    """What the producer said. An event time that only repeats the arrival is none of it."""
    said = pc.equal(table["time_source"], "event")
    time = pc.if_else(
        pc.fill_null(said, fill_value=True), table["event_time"], pa.scalar(None, SCHEMA.field("event_time").type)
    )
    content = table.select(list(_CONTENT))
    return content.set_column(_CONTENT.index("event_time"), "event_time", time)


def _all_equal(left: pa.Table, right: pa.Table) -> Mask:
    """Row by row, null equal to null."""
    result: Mask = np.ones(len(left), np.bool_)
    for name in left.schema.names:
        one, other = left[name], right[name]
        nulls = pc.and_(pc.is_null(one), pc.is_null(other))
        result &= pc.or_(nulls, pc.fill_null(pc.equal(one, other), fill_value=False)).to_numpy()
    return result
