"""Named queries: texts that a workgroup keeps under an id."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

from local_aws.athena.errors import ApiError
from local_aws.athena.requests import Answer, Request, need, page_of
from local_aws.athena.workgroups import PRIMARY, WorkGroups

_PAGE = 50


class NamedQueries:
    """Named queries, in memory."""

    def __init__(self, work_groups: WorkGroups) -> None:
        self._work_groups = work_groups
        self._lock = threading.Lock()
        self._by_id: dict[str, dict[str, Any]] = {}
        self._by_token: dict[str, str] = {}

    def operations(self) -> dict[str, Callable[[Request], Answer]]:
        """Return the operations of the API about them."""
        return {
            "BatchGetNamedQuery": self.batch_get,
            "CreateNamedQuery": self.create,
            "DeleteNamedQuery": self.delete,
            "GetNamedQuery": lambda r: {"NamedQuery": self._find(need(r, "NamedQueryId"))},
            "ListNamedQueries": self.list_ids,
            "UpdateNamedQuery": self.update,
        }

    def create(self, request: Request) -> Answer:
        """Keep a new query; a request that is sent again with its token changes nothing."""
        query = {key: need(request, key) for key in ("Name", "Database", "QueryString")}
        query["WorkGroup"] = self._work_groups.get(request.get("WorkGroup") or PRIMARY).name
        query["Description"] = str(request.get("Description") or "")
        token = str(request.get("ClientRequestToken") or uuid.uuid4())
        with self._lock:
            query_id = self._by_token.setdefault(token, str(uuid.uuid4()))
            self._by_id.setdefault(query_id, {**query, "NamedQueryId": query_id})
        return {"NamedQueryId": query_id}

    def update(self, request: Request) -> Answer:
        """Change the name, the text and, when one is given, the description."""
        changes = {key: need(request, key) for key in ("Name", "QueryString")}
        if request.get("Description") is not None:
            changes["Description"] = str(request["Description"])
        with self._lock:
            query = self._find(need(request, "NamedQueryId"))
            self._by_id[query["NamedQueryId"]] = {**query, **changes}
        return {}

    def delete(self, request: Request) -> Answer:
        """Forget a query."""
        with self._lock:
            del self._by_id[self._find(need(request, "NamedQueryId"))["NamedQueryId"]]
        return {}

    def batch_get(self, request: Request) -> Answer:
        """Return several queries, and the ids that are none."""
        ids = [str(query_id) for query_id in request.get("NamedQueryIds") or []]
        with self._lock:
            found = {query_id: self._by_id[query_id] for query_id in ids if query_id in self._by_id}
        missing = [
            {"NamedQueryId": query_id, "ErrorCode": "INVALID_INPUT", "ErrorMessage": _not_found(query_id)}
            for query_id in ids
            if query_id not in found
        ]
        return {"NamedQueries": list(found.values()), "UnprocessedNamedQueryIds": missing}

    def list_ids(self, request: Request) -> Answer:
        """List the ids of a workgroup's queries, newest first."""
        group = request.get("WorkGroup") or PRIMARY
        with self._lock:
            ids = [query_id for query_id, query in reversed(self._by_id.items()) if query["WorkGroup"] == group]
        found, token = page_of(ids, request, _PAGE)
        return {"NamedQueryIds": found, **token}

    def has_any(self, work_group: str) -> bool:
        """Return whether a workgroup keeps queries."""
        with self._lock:
            return any(query["WorkGroup"] == work_group for query in self._by_id.values())

    def forget(self, work_group: str) -> None:
        """Forget all queries of a workgroup that is gone."""
        with self._lock:
            self._by_id = {key: query for key, query in self._by_id.items() if query["WorkGroup"] != work_group}

    def _find(self, query_id: str) -> dict[str, Any]:
        if query_id not in self._by_id:
            raise ApiError(_not_found(query_id))
        return self._by_id[query_id]


def _not_found(query_id: str) -> str:
    return f"NamedQuery {query_id} was not found"
