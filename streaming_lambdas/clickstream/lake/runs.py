"""Sorted runs: rows of many tables put in order, one column after the other, so that few of them exist twice.

numpy is not part of the Lambda layer: no handler may import this module.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers = npt.NDArray[np.int64]


class Run:
    """Rows that wait to be sorted. All tables have the same columns; text that repeats is in dictionaries."""

    def __init__(self) -> None:
        self.rows = 0
        """How many rows stay."""
        self.bytes = 0
        """What the rows take up in memory."""
        self._tables: list[pa.Table] = []
        self._kept: list[pa.BooleanArray] = []

    def add(self, table: pa.Table, keep: pa.BooleanArray | None = None) -> None:
        """Take rows: all, or those where `keep` is true, which are sorted out only once."""
        keep = pa.repeat(pa.scalar(value=True), len(table)) if keep is None else keep
        if keep.true_count < len(table) // 2:
            # Rows that go must not take up the run's memory.
            table, keep = table.filter(keep), pa.repeat(pa.scalar(value=True), keep.true_count)
        if len(table):
            self._tables.append(table)
            self._kept.append(keep)
            self.rows += keep.true_count
            self.bytes += table.nbytes

    def taken(self, keys: Sequence[str]) -> pa.Table:
        """The rows by ascending keys, nulls last, equal ones in the order they came in. The run is empty then."""
        names = self._tables[0].schema.names
        columns = {name: [table[name] for table in self._tables] for name in names}
        keep = pa.concat_arrays(self._kept).to_numpy(zero_copy_only=False)
        self._tables, self._kept, self.rows, self.bytes = [], [], 0, 0
        whole = {name: _whole(columns.pop(name)) for name in keys}
        order = _order([_ranks(whole[name]) for name in keys])
        places = pa.array(order[keep[order]])
        return pa.table({name: (whole.pop(name, None) or _whole(columns.pop(name))).take(places) for name in names})


def _whole(columns: list[pa.ChunkedArray]) -> pa.Array:
    """The columns one after the other, with one dictionary."""
    chunks = [chunk for column in columns for chunk in column.chunks]
    columns.clear()
    return pa.concat_arrays(chunks)


def _order(keys: Sequence[Numbers]) -> Numbers:
    """Places of the rows by ascending keys. The last key goes first: each further sort keeps equal rows in order.

    numpy sorts numbers that are nearly in order, as times of arrival are, and 16-bit numbers in linear time.
    """
    order = np.argsort(keys[-1], kind="stable")
    for key in reversed(keys[:-1]):
        order = order[np.argsort(key[order], kind="stable")]
    return order


def _ranks(column: pa.Array) -> Numbers:
    """Small numbers in the order of a column's values: a dictionary itself cannot be sorted."""
    if pa.types.is_timestamp(column.type):
        return np.asarray(pc.fill_null(column.view(pa.int64()), np.iinfo(np.int64).max))
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    last = len(encoded.dictionary)
    ranks = pc.rank(encoded.dictionary, tiebreaker="first").take(encoded.indices)
    return np.asarray(pc.fill_null(ranks, last + 1)).astype(np.min_scalar_type(last + 1))
