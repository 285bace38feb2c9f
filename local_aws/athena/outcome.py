"""What a statement leaves: rows, lines of text, written objects, or nothing."""

from dataclasses import dataclass

from local_aws.athena.engine import Answer


@dataclass(frozen=True)
class Rows:
    """Rows of a query: a CSV with a header."""

    answer: Answer


@dataclass(frozen=True)
class Lines:
    """Lines of SHOW, DESCRIBE or EXPLAIN: a text object; the columns within a line are parted by tabs."""

    columns: tuple[str, ...]
    lines: list[str]


@dataclass(frozen=True)
class Files:
    """Objects written by a statement: a manifest lists them."""

    uris: list[str]
    row_count: int


@dataclass(frozen=True)
class Nothing:
    """A statement without a result, such as DDL."""


Outcome = Rows | Lines | Files | Nothing
