"""Rows kept as columns: what an archive file is made of, and still a sequence of rows for everybody else."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, overload

Row = tuple[Any, ...]
Column = Sequence[Any]


class Coded(Sequence[Any]):
    """A column of values that repeat: each once, and for each row the place of its value. Equal to a list of the same.

    Columns that are worked out of one share the codes, the very same object.
    """

    __slots__ = ("codes", "values")

    def __init__(self, codes: Sequence[int], values: Sequence[Any]) -> None:
        self.codes = codes
        self.values = values

    @classmethod
    def of(cls, column: Iterable[Hashable]) -> "Coded":
        """The column by its distinct values, in order of appearance."""
        known = column if isinstance(column, Sequence) else list(column)
        values = list(dict.fromkeys(known))
        places = dict(zip(values, range(len(values)), strict=True))
        return cls([places[value] for value in known], values)

    @classmethod
    def constant(cls, value: object, count: int) -> "Coded":
        """A value so many times."""
        return cls(bytes(count), (value,))

    def mapped(self, function: Callable[[Any], Any]) -> "Coded":
        """The function of each row's value, called once for each distinct one."""
        return Coded(self.codes, list(map(function, self.values)))

    def counted(self) -> Counter[Any]:
        """How many rows have which value."""
        counts: Counter[Any] = Counter()
        for code, count in Counter(self.codes).items():
            counts[self.values[code]] += count
        return counts

    def unzipped(self) -> list["Coded"]:
        """Columns of the first, second, … part of each value."""
        return [Coded(self.codes, part) for part in zip(*self.values, strict=True)]

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[Any]:
        return map(self.values.__getitem__, self.codes)

    @overload
    def __getitem__(self, place: int) -> Any: ...  # noqa: ANN401  whatever the column holds
    @overload
    def __getitem__(self, place: slice) -> "Coded": ...
    def __getitem__(self, place: int | slice) -> Any:
        return Coded(self.codes[place], self.values) if isinstance(place, slice) else self.values[self.codes[place]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as a list


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
