"""Iceberg tables: metadata and commits by pyiceberg, rows by DuckDB.

This module and `dispatch` alone are imported at the start; the others want pyiceberg, which takes a second to import,
and are loaded when a statement names the first Iceberg table. `tables` loads and creates, `scanning` reads, `writing`
commits files, `changing` finds the rows of UPDATE, DELETE and MERGE and the files to replace, `maintaining` is OPTIMIZE
and VACUUM.
"""

from importlib.util import find_spec

from local_aws.athena.catalog import Table
from local_aws.athena.errors import NotSupportedError

METADATA_TABLES = frozenset({"snapshots", "history", "files", "partitions", "manifests", "refs"})


def is_iceberg(table: Table) -> bool:
    """Return whether a table of the catalog is an Iceberg table."""
    return table.parameters.get("table_type", "").upper() == "ICEBERG"


def need_pyiceberg() -> None:
    """Say what to install where it is missing.

    Raises:
        NotSupportedError: pyiceberg is not installed.
    """
    if find_spec("pyiceberg") is None:
        raise NotSupportedError("Iceberg tables need a package: pip install 'pyiceberg[glue,pyiceberg-core]'")
