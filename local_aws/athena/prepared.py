"""Prepared statements, by workgroup and name."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from local_aws.athena.errors import ApiError, QueryError
from local_aws.athena.requests import Answer, Clock, Request, need, page_of

_PAGE = 50


@dataclass(frozen=True)
class Prepared:
    """A statement with question marks.

    Attributes:
        modified_time: When its text was last set, UTC.
    """

    name: str
    text: str
    description: str
    modified_time: datetime

    def describe(self, work_group: str) -> dict[str, object]:
        """Return it as GetPreparedStatement does."""
        described = {"Description": self.description} if self.description else {}
        return {
            "StatementName": self.name,
            "WorkGroupName": work_group,
            "QueryStatement": self.text,
            "LastModifiedTime": self.modified_time.timestamp(),
            **described,
        }


class PreparedStatements:
    """Prepared statements, in memory.

    Args:
        clock: Gives the time in UTC.
        check_group: Raises `ApiError` for a workgroup that does not exist.
    """

    def __init__(self, clock: Clock, check_group: Callable[[str], object]) -> None:
        self._clock = clock
        self._check_group = check_group
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], Prepared] = {}

    def operations(self) -> dict[str, Callable[[Request], Answer]]:
        """Return the operations of the API about them."""
        return {
            "BatchGetPreparedStatement": self.batch_get,
            "CreatePreparedStatement": self.create,
            "DeletePreparedStatement": lambda r: self.delete(need(r, "WorkGroup"), need(r, "StatementName")),
            "GetPreparedStatement": self.show,
            "ListPreparedStatements": self.list_names,
            "UpdatePreparedStatement": self.update,
        }

    def put(self, work_group: str, name: str, text: str, description: str = "") -> None:
        """Keep a statement, in place of any other of the same name."""
        with self._lock:
            self._kept[work_group, name] = Prepared(name, text, description, self._clock())

    def get(self, work_group: str, name: str) -> str:
        """Return the text of a statement for EXECUTE.

        Raises:
            QueryError: There is none.
        """
        found = self._kept.get((work_group, name))
        if found is None:
            raise QueryError("NOT_FOUND", f"PreparedStatement {name} was not found in workGroup {work_group}")
        return found.text

    def create(self, request: Request) -> Answer:
        """Keep a new statement."""
        group, name = need(request, "WorkGroup"), need(request, "StatementName")
        self._check_group(group)
        if (group, name) in self._kept:
            raise ApiError(f"PreparedStatement {name} already exists in WorkGroup {group}")
        self.put(group, name, need(request, "QueryStatement"), str(request.get("Description") or ""))
        return {}

    def update(self, request: Request) -> Answer:
        """Change the text and, when one is given, the description."""
        group, name = need(request, "WorkGroup"), need(request, "StatementName")
        known = self._find(group, name)
        self.put(group, name, need(request, "QueryStatement"), str(request.get("Description") or known.description))
        return {}

    def show(self, request: Request) -> Answer:
        """Return a statement."""
        group = need(request, "WorkGroup")
        return {"PreparedStatement": self._find(group, need(request, "StatementName")).describe(group)}

    def batch_get(self, request: Request) -> Answer:
        """Return several statements, and the names that are none."""
        group = need(request, "WorkGroup")
        names = [str(name) for name in request.get("PreparedStatementNames") or []]
        found = [self._kept[group, name].describe(group) for name in names if (group, name) in self._kept]
        missing = [
            {"StatementName": name, "ErrorCode": "INVALID_INPUT", "ErrorMessage": _not_found(group, name)}
            for name in names
            if (group, name) not in self._kept
        ]
        return {"PreparedStatements": found, "UnprocessedPreparedStatementNames": missing}

    def list_names(self, request: Request) -> Answer:
        """List the statements of a workgroup, by name."""
        group = need(request, "WorkGroup")
        self._check_group(group)
        found = sorted((item for (own, _), item in self._kept.items() if own == group), key=lambda item: item.name)
        page, token = page_of(found, request, _PAGE)
        listed = [{"StatementName": p.name, "LastModifiedTime": p.modified_time.timestamp()} for p in page]
        return {"PreparedStatements": listed, **token}

    def delete(self, work_group: str, name: str) -> Answer:
        """Forget a statement.

        Raises:
            ApiError: There is none.
        """
        self._find(work_group, name)
        with self._lock:
            self._kept.pop((work_group, name), None)
        return {}

    def forget(self, work_group: str) -> None:
        """Forget all statements of a workgroup that is gone."""
        with self._lock:
            self._kept = {key: item for key, item in self._kept.items() if key[0] != work_group}

    def _find(self, work_group: str, name: str) -> Prepared:
        if (work_group, name) not in self._kept:
            raise ApiError(_not_found(work_group, name), "ResourceNotFoundException", name)
        return self._kept[work_group, name]


def _not_found(work_group: str, name: str) -> str:
    return f"PreparedStatement {name} was not found in WorkGroup {work_group}"
