"""The embedded DuckDB: one database, one cursor with Athena's settings for each query."""

import re
from importlib.resources import files
from pathlib import Path

import duckdb

# A setting belongs to a cursor: a new one starts with DuckDB's own defaults.
_SETTINGS = ("SET timezone='UTC'", "SET integer_division=true", "SET default_null_order='nulls_last'")


class Database:
    """A DuckDB in memory that never reaches for the network.

    Args:
        folder: Where it may spill; must exist. It may read files beside it, and no others.
        memory_limit: In DuckDB's words, for instance `2GB`.
    """

    def __init__(self, folder: Path, memory_limit: str = "2GB") -> None:
        self._connection = duckdb.connect(
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "memory_limit": memory_limit,
                "temp_directory": str(folder),
                # It hides which table a scan of the plan belongs to, and with it the bytes that the query reads.
                "disabled_optimizers": "late_materialization",
            }
        )
        self._set_up(self._connection)
        for macro in macros():
            self._connection.execute(macro)
        # Statements name tables, never files; should one slip through, it finds no door.
        readable = str(folder.parent.resolve()).replace("'", "''")
        self._connection.execute(f"SET allowed_directories=['{readable}/']")
        self._connection.execute("SET enable_external_access=false")

    @staticmethod
    def _set_up(connection: duckdb.DuckDBPyConnection) -> None:
        for setting in _SETTINGS:
            connection.execute(setting)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor of its own, with Athena's settings; its temporary views are its own, too."""
        cursor = self._connection.cursor()
        self._set_up(cursor)
        return cursor

    def close(self) -> None:
        """Close the database and all of its cursors."""
        self._connection.close()


def macros() -> list[str]:
    """Return the statements of `macros.sql` and `macros_urls.sql`."""
    folder = files("local_aws.athena")
    text = "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in ("macros.sql", "macros_urls.sql"))
    return re.findall(r"^CREATE MACRO .*?;$", text, re.DOTALL | re.MULTILINE)
