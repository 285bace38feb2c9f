"""Tables about a table: `"t$snapshots"`, `"t$history"`, `"t$files"`, `"t$partitions"`, `"t$refs"`."""

from collections.abc import Callable

import pyarrow as pa
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot, ancestors_of

from local_aws.athena.errors import NotSupportedError

_INSTANT = pa.timestamp("ms", tz="UTC")
_CONTENTS = {"DATA": 0, "POSITION_DELETES": 1, "EQUALITY_DELETES": 2}


def inspect(table: Table, kind: str) -> pa.Table:
    """Return the rows of a table about a table.

    Raises:
        NotSupportedError: One that is not made here.
    """
    if kind not in _KINDS:
        raise NotSupportedError(f"table ${kind}")
    return _KINDS[kind](table)


def _snapshots(table: Table) -> pa.Table:
    rows = [
        {
            "committed_at": snapshot.timestamp_ms,
            "snapshot_id": snapshot.snapshot_id,
            "parent_id": snapshot.parent_snapshot_id,
            "operation": snapshot.summary.operation.value if snapshot.summary else None,
            "manifest_list": snapshot.manifest_list,
            "summary": list(snapshot.summary.additional_properties.items()) if snapshot.summary else None,
        }
        for snapshot in table.snapshots()
    ]
    schema = pa.schema(
        [
            ("committed_at", _INSTANT),
            ("snapshot_id", pa.int64()),
            ("parent_id", pa.int64()),
            ("operation", pa.string()),
            ("manifest_list", pa.string()),
            ("summary", pa.map_(pa.string(), pa.string())),
        ]
    )
    return pa.Table.from_pylist(rows, schema)


def _history(table: Table) -> pa.Table:
    current = table.current_snapshot()
    ancestors = {snapshot.snapshot_id for snapshot in ancestors_of(current, table.metadata)}
    rows = []
    for entry in table.history():
        snapshot = table.snapshot_by_id(entry.snapshot_id)
        rows.append(
            {
                "made_current_at": entry.timestamp_ms,
                "snapshot_id": entry.snapshot_id,
                "parent_id": snapshot.parent_snapshot_id if snapshot is not None else None,
                "is_current_ancestor": entry.snapshot_id in ancestors,
            }
        )
    schema = pa.schema(
        [
            ("made_current_at", _INSTANT),
            ("snapshot_id", pa.int64()),
            ("parent_id", pa.int64()),
            ("is_current_ancestor", pa.bool_()),
        ]
    )
    return pa.Table.from_pylist(rows, schema)


def _files(table: Table) -> pa.Table:
    schema = pa.schema(
        [
            ("content", pa.int32()),
            ("file_path", pa.string()),
            ("file_format", pa.string()),
            ("record_count", pa.int64()),
            ("file_size_in_bytes", pa.int64()),
        ]
    )
    current = table.current_snapshot()
    return pa.Table.from_pylist(_file_rows(table, current) if current is not None else [], schema)


def _file_rows(table: Table, snapshot: Snapshot) -> list[dict[str, object]]:
    return [
        {
            "content": _CONTENTS[entry.data_file.content.name],
            "file_path": entry.data_file.file_path,
            "file_format": str(entry.data_file.file_format.value),
            "record_count": entry.data_file.record_count,
            "file_size_in_bytes": entry.data_file.file_size_in_bytes,
        }
        for manifest in snapshot.manifests(table.io)
        for entry in manifest.fetch_manifest_entry(table.io)
    ]


def _partitions(table: Table) -> pa.Table:
    names = ["record_count", "file_count", "total_data_file_size_in_bytes"]
    if table.current_snapshot() is None:
        return pa.table({name: pa.array([], pa.int64()) for name in ("record_count", "file_count", "total_size")})
    rows = table.inspect.partitions()
    columns = [*(["partition"] if "partition" in rows.schema.names else []), *names]
    chosen = rows.select(columns)
    chosen = chosen.set_column(columns.index("file_count"), "file_count", chosen["file_count"].cast(pa.int64()))
    return chosen.rename_columns([*columns[:-1], "total_size"])


def _refs(table: Table) -> pa.Table:
    rows = [
        {"name": name, "type": ref.snapshot_ref_type.value.upper(), "snapshot_id": ref.snapshot_id}
        for name, ref in sorted(table.refs().items())
    ]
    return pa.Table.from_pylist(
        rows, pa.schema([("name", pa.string()), ("type", pa.string()), ("snapshot_id", pa.int64())])
    )


_KINDS: dict[str, Callable[[Table], pa.Table]] = {
    "snapshots": _snapshots,
    "history": _history,
    "files": _files,
    "partitions": _partitions,
    "refs": _refs,
}
