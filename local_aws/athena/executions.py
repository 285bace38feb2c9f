"""Query executions: what was asked, how it stands, where its result is."""

import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_aws.athena.errors import ApiError
from local_aws.athena.results import Spool
from local_aws.athena.workgroups import ENGINE

KEPT = 5_000


@dataclass
class Execution:
    """One query execution; its runner changes it, readers see it through `describe`.

    Attributes:
        base: Where its results go, without a suffix.
        kind: `DML`, `DDL` or `UTILITY`, as the API has it.
        output: Address of the result object.
    """

    query: str
    work_group: str
    database: str
    catalog: str
    parameters: list[str]
    base: str
    kind: str
    substatement: str
    output: str
    submitted_time: datetime
    bytes_cutoff: int | None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "QUEUED"
    reason: str = ""
    error: dict[str, Any] | None = None
    completed_time: datetime | None = None
    started_time: datetime | None = None
    scanned_bytes: int = 0
    manifest: str | None = None
    spool: Spool | None = None
    has_header: bool = False
    updated_rows: int = 0
    done: threading.Event = field(default_factory=threading.Event)
    _unclaimed: threading.Lock = field(default_factory=threading.Lock)

    def claim(self) -> bool:
        """Return true once: to the caller that is to run it."""
        return self._unclaimed.acquire(blocking=False)

    @property
    def is_over(self) -> bool:
        """Whether it has reached its last state."""
        return self.state in {"SUCCEEDED", "FAILED", "CANCELLED"}

    def describe(self) -> dict[str, Any]:
        """Return it as GetQueryExecution does; times are Unix seconds."""
        context = {"Database": self.database, "Catalog": self.catalog}
        answer: dict[str, Any] = {
            "QueryExecutionId": self.id,
            "Query": self.query,
            "StatementType": self.kind,
            "SubstatementType": self.substatement,
            "ResultConfiguration": {"OutputLocation": self.output},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": {key: value for key, value in context.items() if value},
            "Status": self._status(),
            "Statistics": self.statistics(),
            "WorkGroup": self.work_group,
            "EngineVersion": ENGINE,
        }
        return {**answer, "ExecutionParameters": self.parameters} if self.parameters else answer

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted_time.timestamp()}
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.error is not None:
            status["AthenaError"] = self.error
        if self.completed_time is not None:
            status["CompletionDateTime"] = self.completed_time.timestamp()
        return status

    def statistics(self) -> dict[str, Any]:
        """Return times in milliseconds and bytes scanned."""
        begun, ended = self.started_time, self.completed_time
        engine_ms = round((ended - begun).total_seconds() * 1000) if begun is not None and ended is not None else 0
        queue_ms = round((begun - self.submitted_time).total_seconds() * 1000) if begun is not None else 0
        answer: dict[str, Any] = {
            "EngineExecutionTimeInMillis": engine_ms,
            "DataScannedInBytes": self.scanned_bytes,
            "TotalExecutionTimeInMillis": queue_ms + engine_ms,
            "QueryQueueTimeInMillis": queue_ms,
            "ServiceProcessingTimeInMillis": 0,
            "ResultReuseInformation": {"ReusedPreviousResult": False},
        }
        return {**answer, "DataManifestLocation": self.manifest} if self.manifest else answer


class Executions:
    """The newest executions, in memory; the oldest that are over make room."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._by_id: OrderedDict[str, Execution] = OrderedDict()
        self._by_token: OrderedDict[str, tuple[str, str]] = OrderedDict()

    def add(self, execution: Execution, token: str | None) -> Execution:
        """Keep an execution, or return the one that the same token started before.

        Raises:
            ApiError: The token was used with another query.
        """
        with self._lock:
            if token is not None and token in self._by_token:
                known, query = self._by_token[token]
                if query != execution.query:
                    raise ApiError("Idempotent parameters do not match")
                return self._by_id[known]
            self._by_id[execution.id] = execution
            if token is not None:
                self._by_token[token] = (execution.id, execution.query)
            self._trim()
        return execution

    def _trim(self) -> None:
        for old in list(self._by_id.values())[: max(0, len(self._by_id) - self._kept)]:
            if old.is_over:
                del self._by_id[old.id]
                if old.spool is not None:
                    old.spool.remove()
        self._by_token = OrderedDict((t, known) for t, known in self._by_token.items() if known[0] in self._by_id)

    def get(self, execution_id: str) -> Execution:
        """Return an execution.

        Raises:
            ApiError: There is none with this id.
        """
        with self._lock:
            if execution_id not in self._by_id:
                raise ApiError(f"QueryExecution {execution_id} was not found")
            return self._by_id[execution_id]

    def of_work_group(self, work_group: str) -> list[str]:
        """Return the ids of a workgroup's executions, newest first."""
        with self._lock:
            return [e.id for e in reversed(self._by_id.values()) if e.work_group == work_group]
