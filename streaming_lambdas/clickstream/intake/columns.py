"""Rows kept as columns: what an archive file is made of, and still a sequence of rows for everybody else."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, overload

Row = tuple[Any, ...]
Column = Sequence[Any]


class Columns(Sequence[Row]):
    """Rows in order, held as chunks of columns of equal length. Equal to any list of the same rows."""

    def __init__(self, chunks: Iterable[Sequence[Column]] = ()) -> None:
        self.chunks = [chunk for chunk in chunks if chunk and chunk[0]]
        """Each a sequence of columns, in the order of the table's."""

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Columns":
        """The rows, which must all have the same columns, as one chunk."""
        return rows if isinstance(rows, cls) else cls([list(zip(*rows, strict=True))])

    def add(self, chunk: Sequence[Column]) -> None:
        """Put further rows at the end."""
        if chunk[0]:
            self.chunks.append(chunk)

    def ends(self) -> tuple[Row, Row]:
        """The first and the last row."""
        first, last = self.chunks[0], self.chunks[-1]
        return tuple(column[0] for column in first), tuple(column[-1] for column in last)

    def __len__(self) -> int:
        return sum(len(chunk[0]) for chunk in self.chunks)

    def __iter__(self) -> Iterator[Row]:
        return chain.from_iterable(zip(*chunk, strict=True) for chunk in self.chunks)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        return list(self)[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it can be added to

    def __repr__(self) -> str:
        return f"Columns({list(self)!r})"
