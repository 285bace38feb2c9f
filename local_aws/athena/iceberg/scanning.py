"""The rows of an Iceberg table as a view: pyiceberg chooses the files, field ids say which column is which."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyiceberg.expressions import BooleanExpression
from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.name_mapping import NameMapping
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import IcebergType, ListType, MapType, NestedField, StructType

from local_aws.athena.column_types import glue_to_duckdb
from local_aws.athena.errors import NotSupportedError
from local_aws.athena.footers import Column, field_id_of
from local_aws.athena.iceberg.column_types import to_glue
from local_aws.athena.objects import S3Object, split_uri
from local_aws.athena.scan import Scan, Scanner, compatible, empty, file_columns, file_list, quoted

FILE, ROW = "$tr_file", "$tr_row"
"""Where a row lies: the number of its file in the scan, and its number in the file."""


@dataclass(frozen=True)
class View:
    """What a query reads of an Iceberg table.

    Attributes:
        snapshot_id: State to read; the newest when absent.
        row_filter: Files that cannot hold such rows are left out.
        mentioned: Names that the query mentions.
        with_places: Whether the view has the columns `FILE` and `ROW`.
    """

    table: IcebergTable
    schema: Schema
    snapshot_id: int | None
    row_filter: BooleanExpression
    mentioned: frozenset[str]
    has_star: bool
    with_places: bool

    def reads(self, name: str) -> bool:
        """Return whether the query can see a column."""
        return self.has_star or name.lower() in self.mentioned


@dataclass(frozen=True)
class Places:
    """What a statement that changes rows must know of how it read the table; files count from 0."""

    view: View
    scan: Scan
    files: list[DataFile]


def show(scanner: Scanner, scan: Scan, view: View) -> list[DataFile]:
    """Make the view of a scan and return the files behind it, in the order of their numbers.

    Raises:
        NotSupportedError: Delete files, files other than Parquet, columns that only their ids would tell apart.
        QueryError: `HIVE_BAD_DATA`.
    """
    unknown = next((name for name in ("$file_size", "$file_modified_time") if name in view.mentioned), None)
    if unknown is not None:
        raise NotSupportedError(f"{unknown} of Iceberg tables")
    files = _plan(view)
    show_files(scanner, scan, view, dict(enumerate(files)))
    return files


def show_files(scanner: Scanner, scan: Scan, view: View, files: dict[int, DataFile]) -> None:
    """Make the view of a scan over these files, by their numbers."""
    paths = _fetch(scanner, scan, files)
    layouts = [_layout(view, file, columns) for file, (_, columns) in zip(files.values(), scan.files, strict=True)]
    scan.readable = frozenset(name for layout in layouts for name in layout.values() if name is not None)
    seen = {field.field_id for field in view.schema.fields if view.reads(field.name)}
    scan.mentioned = frozenset(name for layout in layouts for key, name in layout.items() if key in seen and name)
    groups: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for place, (_, columns) in enumerate(scan.files):
        groups.setdefault(tuple((name, str(column.kind)) for name, column in columns.items()), []).append(place)
    selects = [
        _select(scanner, scan, view, layouts[places[0]], [paths[place] for place in places])
        for places in groups.values()
    ]
    places = ((FILE, "BIGINT"), (ROW, "BIGINT")) if view.with_places else ()
    scanner.show(scan, " UNION ALL ".join(selects) if selects else empty(scan.table, view.mentioned, places))


def _plan(view: View) -> list[DataFile]:
    if view.table.metadata.current_snapshot() is None:
        return []
    scan = view.table.scan(view.row_filter, snapshot_id=view.snapshot_id)
    try:
        tasks = list(scan.plan_files())
    except ValueError as error:
        raise NotSupportedError(f"table {_name(view)}: {error}") from error
    for task in tasks:
        if task.delete_files:
            raise NotSupportedError(f"table {_name(view)} has delete files (merge on read); rewrite its data first")
        if task.file.file_format != "PARQUET":
            raise NotSupportedError(f"table {_name(view)}: only Parquet is read, not {task.file.file_format}")
    return [task.file for task in tasks]


def _name(view: View) -> str:
    return ".".join(view.table.name())


def _fetch(scanner: Scanner, scan: Scan, files: dict[int, DataFile]) -> list[Path]:
    objects = [S3Object(*split_uri(file.file_path), file.file_size_in_bytes, "") for file in files.values()]
    paths = [scanner.folder.joinpath(scan.view, f"{scan.marker}={number}", "data.parquet") for number in files]
    scanner.store.fetch(objects, paths)
    scan.files = [(item, file_columns(item, path)) for item, path in zip(objects, paths, strict=True)]
    return paths


def _layout(view: View, file: DataFile, columns: dict[str, Column]) -> dict[int, str | None]:
    """Return, for the id of each column of the table, its name in a file; nothing where the file lacks it."""
    ids = _ids(columns, view.table.name_mapping())
    layout: dict[int, str | None] = {}
    for field in view.schema.fields:
        name = layout[field.field_id] = ids.get(field.field_id)
        if not view.reads(field.name):
            continue
        if name is None:
            _refuse_unwritten(view, file, field)
        elif not _fits(columns[name].kind, field.field_type):
            place = f"Field {field.name} of type {columns[name].kind} in {file.file_path}"
            raise NotSupportedError(f"{place} read as {field.field_type}")
    return layout


def _ids(columns: dict[str, Column], mapping: NameMapping | None) -> dict[int, str]:
    found = {column.field_id: name for name, column in columns.items() if column.field_id is not None}
    if found or not columns:
        return found
    if mapping is None:
        raise NotSupportedError("data files without field ids, of a table without a name mapping")
    return {
        field.field_id: name.lower()
        for field in mapping
        for name in field.names
        if field.field_id is not None and name.lower() in columns
    }


def _refuse_unwritten(view: View, file: DataFile, field: NestedField) -> None:
    """A column that a file leaves out because its folder says the value is no NULL."""
    for part in view.table.metadata.specs()[file.spec_id].fields:
        if part.source_id == field.field_id and isinstance(part.transform, IdentityTransform):
            raise NotSupportedError(f"file {file.file_path} without its partition column {field.name}")


def _fits(physical: pa.DataType, kind: IcebergType) -> bool:
    """Return whether values of a file can be cast to the type of the table; nested fields must be the same fields."""
    if isinstance(kind, StructType):
        if not pa.types.is_struct(physical) or physical.num_fields != len(kind.fields):
            return False
        return all(_same(physical.field(i), field) for i, field in enumerate(kind.fields))
    if isinstance(kind, ListType):
        is_list = pa.types.is_list(physical) or pa.types.is_large_list(physical)
        return is_list and _fits(physical.value_type, kind.element_type)
    if isinstance(kind, MapType):
        if not pa.types.is_map(physical):
            return False
        return _fits(physical.key_type, kind.key_type) and _fits(physical.item_type, kind.value_type)
    return compatible(physical, to_glue(kind).replace("timestamptz", "timestamp"))


def _same(physical: pa.Field, field: NestedField) -> bool:
    written = field_id_of(physical)
    return (
        written in {None, field.field_id}
        and physical.name.lower() == field.name.lower()
        and _fits(physical.type, field.field_type)
    )


def _select(scanner: Scanner, scan: Scan, view: View, layout: dict[int, str | None], paths: list[Path]) -> str:
    files = file_list(scan, paths)
    options = f"hive_partitioning=true, hive_types={{'{scan.marker}': BIGINT}}, union_by_name=false"
    if view.with_places:
        options += ", file_row_number=true"
    columns = [_column(view, field, layout[field.field_id]) for field in view.schema.fields]
    join = scanner.hidden(scan, view.mentioned, columns)
    if view.with_places:
        columns += [f"{scan.marker} AS {quoted(FILE)}", f"file_row_number AS {quoted(ROW)}"]
    source = f"FROM read_parquet([{files}], {options}) tr_f {join} WHERE tr_f.{scan.marker} >= 0"
    return f"SELECT {', '.join(columns)} {source}"


def _column(view: View, field: NestedField, name: str | None) -> str:
    target = duckdb_type(field, is_read=view.reads(field.name))
    value = "NULL" if name is None or not view.reads(field.name) else f"tr_f.{quoted(name)}"
    return f"CAST({value} AS {target}) AS {quoted(field.name.lower())}"


def duckdb_type(field: NestedField, *, is_read: bool = True) -> str:
    """Return DuckDB's name for the type of a column.

    Raises:
        NotSupportedError: Athena has no such type, and the query reads the column.
    """
    kind = to_glue(field.field_type)
    if not kind and is_read:
        raise NotSupportedError(f"column {field.name} of the Iceberg type {field.field_type}")
    return glue_to_duckdb(kind) if kind else "VARCHAR"
