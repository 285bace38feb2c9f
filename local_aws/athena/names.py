"""Names in statements that no parser reads, and those that columns of tables and views must have."""

import re

from local_aws.athena.errors import QueryError

_UNNAMED = re.compile(r"_col(\d+)\Z")


def qualified(text: str, database: str) -> tuple[str, str]:
    """Return (database, name), lower case, of a name that may carry quotes, a database and a catalog."""
    parts = [part.strip('`"').lower() for part in text.split(".")]
    return (parts[-2] if len(parts) > 1 else database.lower(), parts[-1])


def check_names(names: list[str]) -> None:
    """Refuse columns without a name, or with the same.

    Raises:
        QueryError: `MISSING_COLUMN_NAME`, `DUPLICATE_COLUMN_NAME`.
    """
    for position, name in enumerate(names, start=1):
        if _UNNAMED.match(name):
            raise QueryError("MISSING_COLUMN_NAME", f"line 1:1: Column name not specified at position {position}")
        if names.count(name) > 1:
            raise QueryError("DUPLICATE_COLUMN_NAME", f"line 1:1: Column name '{name}' specified more than once")
