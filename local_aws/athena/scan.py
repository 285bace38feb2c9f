"""One table of one query: the partitions it needs, fetched, checked against the schema, as a view in DuckDB."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import duckdb
import pyarrow as pa

from local_aws.athena.catalog import Catalog, Partition, Table
from local_aws.athena.column_types import family, glue_family, glue_to_duckdb
from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.footers import Column, columns_of
from local_aws.athena.objects import ObjectStore, S3Object
from local_aws.athena.projection import projected_partitions
from local_aws.athena.pruning import prune
from local_aws.athena.text.converting import Converter
from local_aws.athena.text.formats import format_of

HIDDEN = {"$path": "VARCHAR", "$file_size": "BIGINT", "$file_modified_time": "TIMESTAMPTZ"}
"""Columns that a star does not show, with DuckDB's types."""
_ALLOWED = frozenset(
    {("integer", "decimal"), ("date", "timestamp"), ("integer", "timestamp"), ("text", "binary"), ("binary", "text")}
)


@dataclass
class Scan:
    """A table as one query reads it.

    Attributes:
        view: Name of the temporary view.
        marker: A column that only this scan has; its name in DuckDB's plan tells scans apart.
        files: (object, its columns) of all files read.
        columns: Names that the query reads, as the files have them; all until the plan is known.
        mentioned: Names that the query mentions, as the files have them; all with a star.
        readable: Names that the files may have for columns of the table.
        reads_whole_objects: Whether every query reads all bytes, as of text.
    """

    table: Table
    view: str
    marker: str
    files: list[tuple[S3Object, dict[str, Column]]] = field(default_factory=list)
    columns: frozenset[str] | None = None
    mentioned: frozenset[str] = frozenset()
    readable: frozenset[str] = frozenset()
    reads_whole_objects: bool = False

    @property
    def scanned_bytes(self) -> int:
        """Compressed bytes of the column chunks that the query reads; of text, those of the objects."""
        if self.reads_whole_objects:
            return sum(item.size_bytes for item, _ in self.files)
        return sum(
            column.compressed_bytes
            for _, columns in self.files
            for name, column in columns.items()
            if self.columns is None or name in self.columns
        )


@dataclass(frozen=True)
class Need:
    """What a query needs of a table: conditions for its partitions, columns that it mentions by name or by star."""

    conditions: list[str]
    optional: bool
    mentioned: frozenset[str]
    has_star: bool


class Scanner:
    """Makes views over tables of the catalog.

    Args:
        folder: Where a query's links are made; the caller removes it after the query.
    """

    def __init__(self, catalog: Catalog, store: ObjectStore, cursor: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._catalog = catalog
        self.store = store
        self.cursor = cursor
        self.folder = folder
        self.scans: list[Scan] = []

    def begin(self, table: Table) -> Scan:
        """Return a scan with a view name and a marker that no other scan of the query has."""
        number = len(self.scans)
        scan = Scan(table, f"tr_table{number}", f"tr_scan{number}")
        scan.readable = frozenset(name for name, _ in table.columns)
        self.scans.append(scan)
        return scan

    def show(self, scan: Scan, body: str) -> None:
        """Make the view of a scan."""
        self.cursor.execute(f'CREATE OR REPLACE TEMP VIEW "{scan.view}" AS {body}')

    def add(self, table: Table, need: Need) -> Scan:
        """Create the view for one table.

        Raises:
            QueryError: `HIVE_BAD_DATA` and other failures of the data.
            NotSupportedError: A file format other than Parquet.
        """
        form = format_of(table)
        if form is None and "parquet" not in table.serde:
            raise NotSupportedError(
                f"table {table.name}: Parquet, JSON and CSV are read, not {table.serde.strip() or 'nothing declared'}"
            )
        scan = self.begin(table)
        scan.mentioned = scan.readable if need.has_star else scan.readable & need.mentioned
        scan.reads_whole_objects = form is not None
        converter = Converter(form, table.columns, scan.mentioned) if form is not None else None
        paths = self._fetch(scan, self._partitions(table, need), converter)
        self.show(scan, self._select(scan, paths, need) if paths else empty(table, need.mentioned))
        return scan

    def _partitions(self, table: Table, need: Need) -> list[Partition]:
        if not table.keys:
            return [Partition((), table.location)]
        projected = table.parameters.get("projection.enabled", "").lower() == "true"
        every = projected_partitions(table) if projected else self._catalog.partitions(table)
        return prune(self.cursor, table, every, need.conditions, optional=need.optional)

    def _fetch(self, scan: Scan, partitions: list[Partition], converter: Converter | None) -> list[Path]:
        """Link local copies into a tree of hive folders, from which DuckDB reads the partition values."""
        names = [name for name, _ in scan.table.keys]
        objects: list[S3Object] = []
        paths: list[Path] = []
        for partition, found in zip(partitions, self.store.list_many([p.location for p in partitions]), strict=True):
            folders = [f"{name}={quote(value, safe='')}" for name, value in zip(names, partition.values, strict=True)]
            for item in found:
                paths.append(self.folder.joinpath(scan.view, *folders, f"{scan.marker}={len(objects)}", "data.parquet"))
                objects.append(item)
        if converter is None:
            self.store.fetch(objects, paths)
        else:
            self._convert(scan, objects, paths, converter)
        scan.files = [(item, file_columns(item, path)) for item, path in zip(objects, paths, strict=True)]
        return paths

    def _convert(self, scan: Scan, objects: list[S3Object], paths: list[Path], converter: Converter) -> None:
        sources = [self.folder.joinpath(f"{scan.view}_lines", str(number)) for number in range(len(objects))]
        self.store.fetch(objects, sources)
        for item, source, path in zip(objects, sources, paths, strict=True):
            converter.convert(source, item.uri, path)

    def _select(self, scan: Scan, paths: list[Path], need: Need) -> str:
        table = scan.table
        kinds = {**{name: glue_to_duckdb(kind) for name, kind in table.keys}, scan.marker: "BIGINT"}
        types = ", ".join(f"{text_literal(name)}: {kind}" for name, kind in kinds.items())
        files = file_list(scan, paths)
        alike = (
            len({tuple((name, str(column.kind)) for name, column in columns.items()) for _, columns in scan.files}) == 1
        )
        options = f"union_by_name={str(not alike).lower()}, hive_partitioning=true, hive_types={{{types}}}"
        source = f"read_parquet([{files}], {options})"
        columns = [_column(scan, name, kind, need) for name, kind in table.columns]
        columns += [quoted(name) for name, _ in table.keys]
        select = f"FROM {source} tr_f {self.hidden(scan, need.mentioned, columns)} WHERE tr_f.{scan.marker} >= 0"
        return f"SELECT {', '.join(columns)} {select}"

    def hidden(self, scan: Scan, mentioned: frozenset[str], columns: list[str]) -> str:
        """Add `"$path"` and its kin to the columns when the query mentions them, and return the join they come from."""
        wanted = [name for name in HIDDEN if name in mentioned]
        if not wanted:
            return ""
        objects = [item for item, _ in scan.files]
        values = {
            "$path": pa.array([item.uri for item in objects], pa.string()),
            "$file_size": pa.array([item.size_bytes for item in objects], pa.int64()),
            "$file_modified_time": pa.array([item.modified_time for item in objects], pa.timestamp("ms", tz="UTC")),
        }
        files = pa.table({scan.marker: pa.array(range(len(objects)), pa.int64()), **{n: values[n] for n in wanted}})
        self.cursor.register(f"{scan.view}_files", files)
        columns += [quoted(name) for name in wanted]
        return f"JOIN {scan.view}_files USING ({scan.marker})"


def file_list(scan: Scan, paths: list[Path]) -> str:
    """Return files as SQL lists them, and a copy of the first that the view's condition on the marker leaves out.

    Only a condition that leaves files out shows in DuckDB's plan, where the marker tells scans apart.
    """
    copy = paths[0].parents[1] / f"{scan.marker}=-1" / f"{paths[0].parent.name}.parquet"
    copy.parent.mkdir(exist_ok=True)
    copy.hardlink_to(paths[0])
    return ", ".join(text_literal(str(path)) for path in [*paths, copy])


def file_columns(item: S3Object, path: Path) -> dict[str, Column]:
    """Return the columns of a fetched file.

    Raises:
        QueryError: `HIVE_BAD_DATA`, with the address of the object.
    """
    try:
        return columns_of(path)
    except QueryError as error:
        raise QueryError(error.code, f"Error opening {item.uri}: {error}") from error


def _column(scan: Scan, name: str, kind: str, need: Need) -> str:
    """Return the expression for one declared column; a file that lacks it gives NULL, a file of another type fails."""
    physical = [(item, columns[name].kind) for item, columns in scan.files if name in columns]
    target = glue_to_duckdb(kind)
    if not physical:
        return f"CAST(NULL AS {target}) AS {quoted(name)}"
    bad = next((pair for pair in physical if not compatible(pair[1], kind)), None)
    if bad is None:
        return f"{_cast(name, kind, target, [found for _, found in physical])} AS {quoted(name)}"
    if not need.has_star and name not in need.mentioned:
        return f"CAST(NULL AS {target}) AS {quoted(name)}"
    place = f"Field {name}'s type {bad[1]} in parquet file {bad[0].uri}"
    raise QueryError("HIVE_BAD_DATA", f"{place} is incompatible with type {kind} defined in table schema")


def compatible(physical: pa.DataType, declared: str) -> bool:
    """Return whether Athena reads one physical type as another declared one."""
    pair = (family(physical), glue_family(declared))
    return pair[0] == pair[1] or pair in _ALLOWED or pa.types.is_null(physical)


def _cast(name: str, declared: str, target: str, physical: list[pa.DataType]) -> str:
    """Cast to the declared type; Athena's timestamps have milliseconds and no zone."""
    if glue_family(declared) != "timestamp":
        return f"CAST({quoted(name)} AS {target})"
    plain = f"CAST({quoted(name)} AS TIMESTAMP)"
    coarse = all(pa.types.is_timestamp(kind) and kind.unit in {"s", "ms"} for kind in physical)
    return plain if coarse else f"CAST(CAST({plain} AS TIMESTAMP_MS) AS TIMESTAMP)"


def empty(table: Table, mentioned: frozenset[str], more: tuple[tuple[str, str], ...] = ()) -> str:
    """Return the query that stands for a table without files; `more` are further columns, with DuckDB's types."""
    declared = [(name, glue_to_duckdb(kind)) for name, kind in table.columns + table.keys]
    declared += [(name, kind) for name, kind in HIDDEN.items() if name in mentioned]
    columns = [f"CAST(NULL AS {kind}) AS {quoted(name)}" for name, kind in (*declared, *more)]
    return f"SELECT {', '.join(columns)} WHERE false"


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"
