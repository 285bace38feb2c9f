"""A coded column is, to everybody who reads it, the list that it was made of."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.intake.columns import Coded, Columns

VALUES = st.lists(st.sampled_from([None, "", "a", "b"]), max_size=12)


@settings(deadline=None, database=None)
@given(VALUES, st.integers(0, 12), st.integers(0, 12))
def test_a_coded_column_reads_as_its_list(values: list[str | None], first: int, end: int) -> None:
    """Items, slices, counts and what is worked out of it."""
    column = Coded.of(iter(values))
    assert column == values
    assert len(column.values) == len(set(values))
    assert [column[place] for place in range(-len(values), len(values))] == values * 2
    assert column[first:end] == values[first:end]
    assert column[first:end].counted() == Counter(values[first:end])
    assert column.mapped(lambda value: value or "none") == [value or "none" for value in values]
    assert column.mapped(lambda value: value or "none").counted() == Counter(value or "none" for value in values)


def test_columns_of_one_column_share_its_codes() -> None:
    """Parts of each value become columns of their own, and a constant one is as long as it should be."""
    column = Coded.of([(1, "x"), (2, "x"), (1, "x")])
    numbers, words = column.unzipped()
    assert numbers == [1, 2, 1]
    assert words == ["x"] * 3
    assert numbers.codes is words.codes is column.codes
    assert Coded.constant("c", 3) == ["c"] * 3


def test_rows_of_coded_columns_are_rows() -> None:
    """Coded and plain columns of a chunk make one sequence of rows."""
    rows = Columns([[Coded.of("aba"), [1, 2, 3]]])
    assert rows == [("a", 1), ("b", 2), ("a", 3)]
    assert rows.ends() == (("a", 1), ("a", 3))
