"""One statement with all that its handlers need."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local_aws.athena.catalog import Catalog
from local_aws.athena.engine import Session
from local_aws.athena.objects import ObjectStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Statement:
    """A statement under way.

    Attributes:
        parameters: Execution parameters, each an SQL literal.
        database: Where names without a database are looked up.
        output_base: Address for results, without a suffix; tables without a location go beside it.
        id: Of the execution; object names start with it.
        workspace: Local folder for files being written; empty at the start.
    """

    text: str
    parameters: list[str]
    database: str
    work_group: str
    output_base: str
    id: str
    session: Session
    catalog: Catalog
    store: ObjectStore
    workspace: Path

    def with_text(self, text: str) -> "Statement":
        """Return the same statement with other text and no parameters left to fill in."""
        return dataclasses.replace(self, text=text, parameters=[])

    @property
    def s3(self) -> "S3Client":
        """Client for what the statement writes."""
        return self.store.s3
