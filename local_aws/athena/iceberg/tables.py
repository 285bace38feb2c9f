"""Iceberg tables of the Glue catalog, each loaded once in a statement, so that all of it sees the same snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
    ValidationException,
)
from pyiceberg.io import FileIO
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import CreateTableTransaction, Table
from pyiceberg.typedef import EMPTY_DICT, Properties

from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.iceberg.s3_files import S3Files

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

_NEWEST_VERSION = 2
"""Athena reads and writes no later format."""


class _Catalog(GlueCatalog):
    """pyiceberg's catalog on the clients of the endpoint."""

    def __init__(self, glue: "GlueClient", s3: "S3Client") -> None:
        super().__init__("local", client=glue)
        self._files = S3Files(s3)

    def _load_file_io(self, properties: Properties = EMPTY_DICT, location: str | None = None) -> FileIO:  # noqa: ARG002 - one place for all
        return self._files


class IcebergTables:
    """The Iceberg tables that one statement names."""

    def __init__(self, glue: "GlueClient", s3: "S3Client") -> None:
        self._catalog = _Catalog(glue, s3)
        self._loaded: dict[tuple[str, str], Table] = {}

    def load(self, database: str, name: str) -> Table:
        """Return a table as it was when the statement first named it.

        Raises:
            QueryError: `TABLE_NOT_FOUND`, `ICEBERG_INVALID_METADATA`.
            NotSupportedError: A format later than version 2.
        """
        key = (database.lower(), name.lower())
        if key not in self._loaded:
            self._loaded[key] = self._load(key)
        return self._loaded[key]

    def _load(self, key: tuple[str, str]) -> Table:
        try:
            table = self._catalog.load_table(key)
        except NoSuchTableError as error:
            text = f"line 1:1: Table 'awsdatacatalog.{key[0]}.{key[1]}' does not exist"
            raise QueryError("TABLE_NOT_FOUND", text) from error
        except (FileNotFoundError, ValueError) as error:
            raise QueryError(
                "ICEBERG_INVALID_METADATA", f"Metadata of table {key[1]} cannot be read: {error}"
            ) from error
        if table.metadata.format_version > _NEWEST_VERSION:
            raise NotSupportedError(f"table {key[1]}: version {table.metadata.format_version} of the Iceberg format")
        return table

    def create(
        self, database: str, name: str, schema: Schema, location: str, spec: PartitionSpec, properties: Properties
    ) -> CreateTableTransaction:
        """Begin to create a table; it is there, with what the transaction adds to it, once the transaction commits."""
        return self._catalog.create_table_transaction(
            (database, name), schema, location.rstrip("/"), partition_spec=spec, properties=properties
        )


@contextmanager
def athena_errors(table: str, *, creates: bool = False) -> Iterator[None]:
    """Tell failures of a commit in Athena's words.

    Args:
        table: Name for the messages.
        creates: Whether the commit makes the table, and fails only where there is one.

    Raises:
        QueryError: `ICEBERG_COMMIT_ERROR`, nothing of the statement is in the table; `TABLE_ALREADY_EXISTS`.
    """
    try:
        yield
    except (CommitFailedException, ValidationException) as error:
        if creates:
            raise QueryError("TABLE_ALREADY_EXISTS", f"line 1:1: Table '{table}' already exists") from error
        text = f"Failed to commit Iceberg update to table: {table}: {error}"
        raise QueryError("ICEBERG_COMMIT_ERROR", text) from error
    except CommitStateUnknownException as error:
        text = f"Whether the update of table {table} was committed is not known; read it before you repeat: {error}"
        raise QueryError("ICEBERG_COMMIT_ERROR", text) from error
    except TableAlreadyExistsError as error:
        raise QueryError("TABLE_ALREADY_EXISTS", f"line 1:1: Table '{table}' already exists") from error
    except NoSuchNamespaceError as error:
        raise QueryError("SCHEMA_NOT_FOUND", f"line 1:1: Schema of '{table}' does not exist") from error
    except NoSuchTableError as error:
        raise QueryError("TABLE_NOT_FOUND", f"line 1:1: Table '{table}' does not exist") from error
