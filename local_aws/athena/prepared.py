"""Prepared statements, by workgroup and name."""

import threading
from datetime import datetime

from local_aws.athena.errors import ApiError, QueryError


class PreparedStatements:
    """Prepared statements, in memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: dict[tuple[str, str], str] = {}

    def put(self, work_group: str, name: str, text: str) -> None:
        """Keep a statement, in place of any other of the same name."""
        with self._lock:
            self._texts[work_group, name] = text

    def create(self, work_group: str, name: str, text: str) -> None:
        """Keep a new statement.

        Raises:
            ApiError: The name is taken.
        """
        with self._lock:
            if (work_group, name) in self._texts:
                raise ApiError(f"PreparedStatement {name} already exists in WorkGroup {work_group}")
            self._texts[work_group, name] = text

    def get(self, work_group: str, name: str) -> str:
        """Return a statement for EXECUTE.

        Raises:
            QueryError: There is none.
        """
        try:
            return self._texts[work_group, name]
        except KeyError as error:
            raise QueryError(
                "NOT_FOUND", f"PreparedStatement {name} was not found in workGroup {work_group}"
            ) from error

    def find(self, work_group: str, name: str) -> str:
        """Return a statement for the API.

        Raises:
            ApiError: There is none.
        """
        try:
            return self._texts[work_group, name]
        except KeyError as error:
            text = f"PreparedStatement {name} was not found in WorkGroup {work_group}"
            raise ApiError(text, "ResourceNotFoundException") from error

    def delete(self, work_group: str, name: str) -> None:
        """Forget a statement.

        Raises:
            ApiError: There is none.
        """
        self.find(work_group, name)
        with self._lock:
            self._texts.pop((work_group, name), None)

    def names(self, work_group: str) -> list[str]:
        """Return the names in a workgroup, in order."""
        return sorted(name for group, name in self._texts if group == work_group)


def described(work_group: str, name: str, text: str, time: datetime) -> dict[str, object]:
    """Return a statement as GetPreparedStatement does."""
    return {
        "StatementName": name,
        "WorkGroupName": work_group,
        "QueryStatement": text,
        "LastModifiedTime": time.timestamp(),
    }
