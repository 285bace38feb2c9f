"""Names in statements that no parser reads."""


def qualified(text: str, database: str) -> tuple[str, str]:
    """Return (database, name), lower case, of a name that may carry quotes, a database and a catalog."""
    parts = [part.strip('`"').lower() for part in text.split(".")]
    return (parts[-2] if len(parts) > 1 else database.lower(), parts[-1])
