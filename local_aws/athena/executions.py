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
        prepared_text: What EXECUTE runs, when it was asked.
        reuse: What the request says about reusing results; nothing when it does not want that.
        reused: Whether it was answered with the result of an earlier execution.
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
    prepared_text: str = ""
    reuse: dict[str, Any] | None = None
    reused: bool = False
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "QUEUED"
    reason: str = ""
    error: dict[str, Any] | None = None
    completed_time: datetime | None = None
    started_time: datetime | None = None
    scanned_bytes: int = 0
    output_bytes: int = 0
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
    def asked(self) -> tuple[Any, ...]:
        """What was asked: equal for two executions of which one may be answered with the result of the other."""
        place = self.base.removesuffix(f"/{self.id}")
        parameters = tuple(self.parameters)
        return (self.query, self.prepared_text, self.work_group, self.catalog, self.database, parameters, place)

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
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": self.reuse or {"Enabled": False}},
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

    def give_again(self, earlier: "Execution", time: datetime) -> None:
        """Become an execution that was over at once, with the rows of an earlier one, which may be forgotten later."""
        if earlier.spool is not None:
            self.spool = earlier.spool.twin(self.id)
        self.output, self.output_bytes, self.has_header = earlier.output, earlier.output_bytes, earlier.has_header
        self.started_time = self.completed_time = time
        self.reused = True
        self.state = "SUCCEEDED"
        self.done.set()

    def runtime_statistics(self) -> dict[str, Any]:
        """Return it as GetQueryRuntimeStatistics does."""
        timeline = {key: value for key, value in self.statistics().items() if key.endswith("InMillis")}
        rows = self.spool.row_count if self.spool is not None else 0
        counts = {"InputBytes": self.scanned_bytes, "OutputBytes": self.output_bytes, "OutputRows": rows}
        return {"Timeline": timeline, "Rows": counts}

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
            "ResultReuseInformation": {"ReusedPreviousResult": self.reused},
        }
        return {**answer, "DataManifestLocation": self.manifest} if self.manifest else answer


class Executions:
    """The newest executions, in memory; the oldest that are over make room."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._by_id: OrderedDict[str, Execution] = OrderedDict()
        self._by_token: OrderedDict[str, tuple[str, tuple[Any, ...]]] = OrderedDict()

    def add(self, execution: Execution, token: str | None) -> Execution:
        """Keep an execution, or return the one that the same token started before.

        Raises:
            ApiError: The token was used with another request.
        """
        with self._lock:
            if token is not None and token in self._by_token:
                known, asked = self._by_token[token]
                if asked != execution.asked:
                    raise ApiError("Idempotent parameters do not match")
                return self._by_id[known]
            self._by_id[execution.id] = execution
            if token is not None:
                self._by_token[token] = (execution.id, execution.asked)
            self._trim()
        return execution

    def _trim(self) -> None:
        for old in list(self._by_id.values())[: max(0, len(self._by_id) - self._kept)]:
            if old.is_over:
                self._remove(old)
        self._by_token = OrderedDict((t, known) for t, known in self._by_token.items() if known[0] in self._by_id)

    def _remove(self, old: Execution) -> None:
        del self._by_id[old.id]
        if old.spool is not None:
            old.spool.remove()

    def get(self, execution_id: str) -> Execution:
        """Return an execution.

        Raises:
            ApiError: There is none with this id.
        """
        with self._lock:
            if execution_id not in self._by_id:
                raise ApiError(f"QueryExecution {execution_id} was not found")
            return self._by_id[execution_id]

    def reusable(self, execution: Execution, since: datetime) -> Execution | None:
        """Return the newest execution of the same request that has read its tables since then, if there is one."""
        with self._lock:
            for other in reversed(self._by_id.values()):
                done = other.completed_time if other.state == "SUCCEEDED" and not other.reused else None
                if done is not None and done >= since and other.asked == execution.asked:
                    return other
        return None

    def forget(self, work_group: str) -> None:
        """Forget the executions of a workgroup that is gone; those under way end unseen."""
        with self._lock:
            for old in [e for e in self._by_id.values() if e.work_group == work_group]:
                self._remove(old)

    def of_work_group(self, work_group: str) -> list[str]:
        """Return the ids of a workgroup's executions, newest first."""
        with self._lock:
            return [e.id for e in reversed(self._by_id.values()) if e.work_group == work_group]
