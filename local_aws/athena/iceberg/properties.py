"""Table properties: those that Athena takes, and what they are called in Iceberg."""

from pyiceberg.table import Table

from local_aws.athena.errors import NotSupportedError, QueryError

_PASSED_ON = frozenset(
    {"optimize_rewrite_data_file_threshold", "optimize_rewrite_delete_file_threshold",
     "optimize_rewrite_min_data_file_size_bytes", "optimize_rewrite_max_data_file_size_bytes",
     "vacuum_min_snapshots_to_keep", "vacuum_max_snapshot_age_seconds", "vacuum_max_metadata_files_to_keep"}
)  # fmt: skip
_DEFAULTS = {
    "optimize_rewrite_data_file_threshold": 5,
    "vacuum_min_snapshots_to_keep": 1,
    "vacuum_max_snapshot_age_seconds": 432_000,
    "vacuum_max_metadata_files_to_keep": 100,
    "write.target-file-size-bytes": 536_870_912,
}
_CODECS = {"zstd": "zstd", "gzip": "gzip", "snappy": "snappy", "none": "uncompressed", "uncompressed": "uncompressed"}
_COMPRESSION = "write.parquet.compression-codec"
_TARGET_SIZE = "write.target-file-size-bytes"


def to_iceberg(given: dict[str, str]) -> dict[str, str]:
    """Return the properties of an Iceberg table for those of a statement, without the ones that only make it one.

    Raises:
        QueryError: Athena does not take the property.
        NotSupportedError: A file format or a compression that is not written here.
    """
    made: dict[str, str] = {}
    for name, value in given.items():
        if name == "format":
            if value.upper() != "PARQUET":
                raise NotSupportedError(f"Iceberg tables of format {value}; PARQUET is")
        elif name == "write_compression":
            if value.lower() not in _CODECS:
                raise NotSupportedError(f"compression {value} of Iceberg tables")
            made[_COMPRESSION] = _CODECS[value.lower()]
        elif name == "write_target_data_file_size_bytes":
            made[_TARGET_SIZE] = _number(name, value)
        elif name in _PASSED_ON:
            made[name] = _number(name, value)
        else:
            raise QueryError("FAILED", f"Unsupported table property key: {name}")
    return made


def _number(name: str, value: str) -> str:
    if not value.isdecimal():
        raise QueryError("FAILED", f"Table property {name} needs a whole number, not {value!r}")
    return value


def number_of(table: Table, name: str) -> int:
    """Return a property that is a number, or Athena's default."""
    return int(table.properties.get(name, _DEFAULTS[name]))


def target_bytes(table: Table) -> int:
    """Return the size that data files should have."""
    return number_of(table, _TARGET_SIZE)


def shown(table: Table) -> dict[str, str]:
    """Return the properties as a statement would write them."""
    names = {_COMPRESSION: "write_compression", _TARGET_SIZE: "write_target_data_file_size_bytes"}
    found = {
        names.get(name, name): value for name, value in table.properties.items() if name in names or name in _PASSED_ON
    }
    return {"table_type": "iceberg", "format": "parquet", **dict(sorted(found.items()))}
