"""Rows of an Iceberg table change: DuckDB finds them, the files that hold them are written anew, one commit swaps.

Copy on write: files without a touched row stay as they are, and no delete files are left for readers to apply.
"""

import dataclasses
from dataclasses import dataclass

from pyiceberg.expressions import AlwaysTrue
from pyiceberg.table import Table as IcebergTable
from sqlglot import exp

from local_aws.athena.casts import ColumnCast
from local_aws.athena.engine import Answer, Session
from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.iceberg.binding import PLACES
from local_aws.athena.iceberg.scanning import FILE, ROW, Places, duckdb_type, show_files
from local_aws.athena.iceberg.writing import commit_swap, write_files
from local_aws.athena.outcome import Files
from local_aws.athena.scan import Scan, quoted

_KEPT = "tr_kept"
_CHANGES = "tr_changes"
_ADDED = "tr_added"


@dataclass(frozen=True)
class Target:
    """The table that a statement changes.

    Attributes:
        alias: How the statement names it.
    """

    session: Session
    table: IcebergTable
    node: exp.Table

    @property
    def alias(self) -> str:
        """How the statement names the table."""
        return self.node.alias or self.node.name

    @property
    def names(self) -> list[str]:
        """The columns, in order."""
        return [column.name.lower() for column in self.table.schema().fields]

    def with_places(self) -> exp.Table:
        """Return the table for a query that asks where its rows lie."""
        node = self.node.copy()
        node.meta[PLACES] = True
        return node

    def column(self, name: str) -> exp.Column:
        """Return a column of the table, for a query."""
        return exp.column(name, table=self.alias, quoted=True)

    def checked(self, name: str) -> str:
        """Return the name of a column, as the table has it.

        Raises:
            QueryError: `COLUMN_NOT_FOUND`.
        """
        if name.lower() not in self.names:
            raise QueryError("COLUMN_NOT_FOUND", f"line 1:1: Column '{name}' cannot be resolved")
        return name.lower()

    def casts(self, names: list[str], first: int = 0) -> list[ColumnCast]:
        """Return how columns of a query, named in their order from a place on, become all those of the table."""
        places = {name: first + position for position, name in enumerate(names)}
        fields = self.table.schema().fields
        return [ColumnCast(places.get(f.name.lower()), f.name.lower(), duckdb_type(f)) for f in fields]


@dataclass(frozen=True)
class Change:
    """Rows to change, kept by the session.

    Attributes:
        has_values: Whether rows have new values; otherwise all of them go.
        rows: Their number.
        touched: Numbers of the files that hold them.
    """

    places: Places
    has_values: bool
    rows: int
    touched: list[int]


def find(target: Target, kept: exp.Expr, values: list[exp.Expr], source: exp.Select) -> Change:
    """Find the rows to change.

    Args:
        target: Holds them.
        kept: Whether a row stays; one that does not is deleted.
        values: New values of all columns; none when no row stays.
        source: FROM and WHERE, with the target as it shows its places.

    Raises:
        QueryError: `MERGE_TARGET_ROW_MULTIPLE_MATCHES` and what queries fail with.
    """
    session = target.session
    query = source.select(*(target.column(name) for name in (FILE, ROW)), kept, *values)
    casts = [ColumnCast(0, FILE, "BIGINT"), ColumnCast(1, ROW, "BIGINT"), ColumnCast(2, _KEPT, "BOOLEAN")]
    session.keep(_CHANGES, query, casts + (target.casts(target.names, 3) if values else []))
    found = session.cursor.execute(
        f"SELECT {quoted(FILE)}, count(*), count(DISTINCT {quoted(ROW)}) FROM {_CHANGES} GROUP BY 1 ORDER BY 1"  # noqa: S608 - own names
    ).fetchall()
    if any(rows != distinct for _, rows, distinct in found):
        text = "One MERGE target table row matched more than one source row"
        raise QueryError("MERGE_TARGET_ROW_MULTIPLE_MATCHES", text)
    places = session.iceberg_binder().places
    if places is None:
        raise NotSupportedError("a statement that does not read the table that it changes")
    return Change(places, bool(values), sum(row[1] for row in found), [int(row[0]) for row in found])


def keep_added(target: Target, query: exp.Select, names: list[str]) -> None:
    """Find the rows to add beside those that change; the query gives these columns of the table.

    Raises:
        QueryError: What queries fail with.
    """
    earlier = list(target.session.scans)
    target.session.keep(_ADDED, query, target.casts(names))
    for scan in target.session.scans[len(earlier) :]:
        _count_once(scan, earlier)


def _count_once(scan: Scan, earlier: list[Scan]) -> None:
    """Count what two queries of a MERGE read of the same files once: Athena has one query."""
    objects = [item for item, _ in scan.files]
    twin = next((other for other in earlier if [item for item, _ in other.files] == objects), None)
    if twin is not None:
        twin.columns = (twin.columns or frozenset()) | (scan.columns or frozenset())
        scan.files = []


def swap(target: Target, change: Change | None, *, adds: bool = False) -> Files:
    """Write the touched files anew, with the rows to add if there are any, and put them in the place of the old ones.

    Returns:
        The new files, and the number of rows changed and added.

    Raises:
        QueryError: `ICEBERG_COMMIT_ERROR`: the table is as it was.
    """
    session, transaction = target.session, target.table.transaction()
    old = [change.places.files[number] for number in change.touched] if change is not None else []
    new = write_files(session.answer(_rewriting(target, change)), transaction) if change is not None and old else []
    more = write_files(session.answer(f"SELECT * FROM {_ADDED}"), transaction) if adds else []  # noqa: S608 - own name
    if old or more:
        # Rows that others add meanwhile could be such as the statement would have changed, or not have added.
        conflicts = change.places.view.row_filter if change is not None and not adds else AlwaysTrue()
        commit_swap(transaction, old, new + more, conflicts)
    rows = (change.rows if change is not None else 0) + sum(file.record_count for file in more)
    return Files([file.file_path for file in new + more], rows)


def _rewriting(target: Target, change: Change) -> str:
    """Return DuckDB's text for what the touched files are to hold."""
    view = _whole(target, change.places, change.touched)
    columns = [
        f"CASE WHEN c.{_KEPT} THEN c.{quoted(name)} ELSE t.{quoted(name)} END AS {quoted(name)}"
        if change.has_values
        else f"t.{quoted(name)}"
        for name in target.names
    ]
    return (
        f"SELECT {', '.join(columns)} FROM {view} t LEFT JOIN {_CHANGES} c "  # noqa: S608 - quoted names
        f"ON c.{quoted(FILE)} = t.{quoted(FILE)} AND c.{quoted(ROW)} = t.{quoted(ROW)} "
        f"WHERE c.{_KEPT} IS DISTINCT FROM false"
    )


def whole_files(target: Target, places: Places, numbers: list[int]) -> Answer:
    """Return all rows of these files."""
    columns = ", ".join(quoted(name) for name in target.names)
    return target.session.answer(f"SELECT {columns} FROM {_whole(target, places, numbers)}")  # noqa: S608 - quoted names


def _whole(target: Target, places: Places, numbers: list[int]) -> str:
    """Return a view of all columns of these files.

    Reading them is this engine's way to write and is not counted: Athena adds delete files instead.
    """
    whole = Scan(places.scan.table, f"{places.scan.view}_whole", places.scan.marker)
    view = dataclasses.replace(places.view, has_star=True)
    show_files(target.session.scanner, whole, view, {number: places.files[number] for number in numbers})
    return whole.view
