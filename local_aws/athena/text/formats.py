"""How the lines of a table are written: from the serializer that the catalog names, and its parameters."""

from collections.abc import Mapping
from dataclasses import dataclass

from local_aws.athena.catalog import Table
from local_aws.athena.errors import NotSupportedError

OPENX, HCATALOG = "org.openx.data.jsonserde.jsonserde", "org.apache.hive.hcatalog.data.jsonserde"
OPEN_CSV = "org.apache.hadoop.hive.serde2.opencsvserde"
LAZY_SIMPLE = "org.apache.hadoop.hive.serde2.lazy.lazysimpleserde"
_READ = frozenset({OPENX, HCATALOG, OPEN_CSV, LAZY_SIMPLE})
_UNREAD = ("serialization.encoding", "timestamp.formats", "use.null.for.invalid.data", "explicit.null")


@dataclass(frozen=True)
class TextFormat:
    """How the lines of a table are written.

    Attributes:
        serde: Class name of the serializer, lower case.
        given: Parameters of the serializer.
        header_lines: Lines at the start of each object that are no rows.
    """

    serde: str
    given: Mapping[str, str]
    header_lines: int

    @property
    def is_json(self) -> bool:
        """Whether a line is a JSON object."""
        return self.serde in {OPENX, HCATALOG}

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a parameter that is true or false."""
        return self.given.get(name, str(default)).lower() == "true"


def is_read(serde: str) -> bool:
    """Return whether tables of this serializer are read."""
    return serde.lower() in _READ


def format_of(table: Table) -> TextFormat | None:
    """Return how the lines of a table are written; nothing for tables of other files.

    Raises:
        NotSupportedError: A parameter that changes the meaning of lines in a way that is not known here.
    """
    storage = table.raw.get("StorageDescriptor") or {}
    serde = (storage.get("SerdeInfo") or {}).get("SerializationLibrary", "").lower()
    if serde not in _READ:
        return None
    given = dict((storage.get("SerdeInfo") or {}).get("Parameters") or {})
    every = {**given, **table.parameters}
    unread = next((name for name in _UNREAD if name in every), None)
    if unread is not None or every.get("skip.footer.line.count", "0") != "0":
        raise NotSupportedError(f"table {table.name}: property {unread or 'skip.footer.line.count'}")
    header = every.get("skip.header.line.count", "0")
    if not header.isdecimal():
        raise NotSupportedError(f"table {table.name}: skip.header.line.count of {header!r}")
    return TextFormat(serde, given, int(header))
