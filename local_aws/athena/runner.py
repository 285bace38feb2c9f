"""Runs executions on a few threads and stores their results."""

import logging
import shutil
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
from botocore.exceptions import BotoCoreError, ClientError

from local_aws.athena.engine import Context, Engine, Session
from local_aws.athena.errors import ApiError, QueryCancelledError, QueryError, from_duckdb
from local_aws.athena.executions import Execution
from local_aws.athena.objects import split_uri
from local_aws.athena.outcome import Files, Lines, Nothing, Outcome, Rows
from local_aws.athena.prepared import PreparedStatements
from local_aws.athena.requests import Clock
from local_aws.athena.results import ResultColumn, Spool, columns_of, csv_line
from local_aws.athena.statement import Statement
from local_aws.athena.statements import run
from local_aws.athena.values_text import texts

logger = logging.getLogger(__name__)

_QUERIES_AT_ONCE = 4
_USER_ERROR = 2
_SYSTEM_ERROR = 1
_TEXT_COLUMNS = "string"


class Runner:
    """Runs executions.

    Args:
        folder: For spools of results and files being written.
        clock: Gives the time in UTC.
    """

    def __init__(self, engine: Engine, prepared: PreparedStatements, folder: Path, clock: Clock) -> None:
        self._engine = engine
        self._prepared = prepared
        self._clock = clock
        self._spools = folder / "results"
        self._workspaces = folder / "workspaces"
        for own in (self._spools, self._workspaces):
            shutil.rmtree(own, ignore_errors=True)
            own.mkdir(parents=True)
        self._pool = ThreadPoolExecutor(_QUERIES_AT_ONCE, thread_name_prefix="athena-query")
        self._running: dict[str, Session] = {}
        self._lock = threading.Lock()

    def submit(self, execution: Execution) -> None:
        """Start an execution as soon as a thread is free."""
        self._pool.submit(self._run, execution)

    def cancel(self, execution: Execution) -> None:
        """Stop an execution that is not over."""
        with self._lock:
            if execution.is_over:
                return
            execution.state = "CANCELLED"
            execution.reason = "Query was cancelled by the user."
            execution.completed_time = self._clock()
            session = self._running.get(execution.id)
            if session is not None:
                session.cursor.interrupt()

    def is_kept(self, execution: Execution) -> bool:
        """Return whether the result of an execution is still where it was put."""
        bucket, key = split_uri(execution.output)
        try:
            self._engine.store.s3.head_object(Bucket=bucket, Key=key)
        except ClientError:
            return False
        return True

    def close(self) -> None:
        """Interrupt what runs, forget what waits, and end the threads."""
        with self._lock:
            for session in self._running.values():
                session.cursor.interrupt()
        self._pool.shutdown(cancel_futures=True)

    def _run(self, execution: Execution) -> None:
        """Bring one execution to its end; whatever happens in it is its own end, not the thread's."""
        try:
            self._begin(execution)
            self._answer(execution)
            self._end(execution, "SUCCEEDED")
        except QueryCancelledError as stopped:
            self._end(execution, "CANCELLED", str(stopped))
        except QueryError as failure:
            self._end(execution, "FAILED", str(failure), _USER_ERROR)
        except duckdb.Error as failure:
            self._end(execution, "FAILED", str(from_duckdb(failure)), _USER_ERROR)
        except ApiError as failure:
            self._end(execution, "FAILED", str(failure), _USER_ERROR)
        except (ClientError, BotoCoreError, OSError) as failure:
            self._end(execution, "FAILED", f"GENERIC_INTERNAL_ERROR: {failure}", _SYSTEM_ERROR)
        except Exception as failure:
            logger.exception("query %s met a fault of the local engine", execution.id)
            self._end(
                execution, "FAILED", f"NOT_SUPPORTED (local engine): {type(failure).__name__}: {failure}", _SYSTEM_ERROR
            )
        finally:
            execution.done.set()

    def _begin(self, execution: Execution) -> None:
        with self._lock:
            if execution.is_over:
                raise QueryCancelledError(execution.reason)
            execution.state = "RUNNING"
            execution.started_time = self._clock()

    def _end(self, execution: Execution, state: str, reason: str = "", category: int | None = None) -> None:
        with self._lock:
            if execution.is_over:
                return
            execution.reason = reason[:2048]
            execution.completed_time = self._clock()
            if category is not None:
                fault = {
                    "ErrorCategory": category,
                    "ErrorType": 1006 if category == _USER_ERROR else 233,
                    "Retryable": False,
                }
                execution.error = {**fault, "ErrorMessage": execution.reason}
            execution.state = state
        logger.info(
            "query %s %s %s bytes=%d ms=%d",
            execution.id,
            execution.substatement,
            state,
            execution.scanned_bytes,
            execution.statistics()["EngineExecutionTimeInMillis"],
        )

    def _answer(self, execution: Execution) -> None:
        started = execution.started_time or self._clock()
        context = Context(execution.database, started, execution.bytes_cutoff)
        workspace = self._workspaces / uuid.uuid4().hex
        workspace.mkdir()
        with self._engine.session(context) as session:
            self._running[execution.id] = session
            try:
                outcome = run(self._statement(execution, session, workspace), self._prepared)
                self._store(execution, outcome)
            finally:
                execution.scanned_bytes = session.scanned_bytes
                with self._lock:
                    del self._running[execution.id]
                shutil.rmtree(workspace, ignore_errors=True)

    def _statement(self, execution: Execution, session: Session, workspace: Path) -> Statement:
        return Statement(
            text=execution.query,
            parameters=execution.parameters,
            database=execution.database or "default",
            work_group=execution.work_group,
            output_base=execution.base,
            id=execution.id,
            session=session,
            catalog=self._engine.catalog,
            store=self._engine.store,
            workspace=workspace,
        )

    def _store(self, execution: Execution, outcome: Outcome) -> None:
        match outcome:
            case Rows(answer):
                self._store_rows(
                    execution, columns_of(answer.schema), (row for b in answer.batches for row in texts(b))
                )
            case Lines(columns, lines):
                self._store_lines(execution, columns, lines)
            case Files(uris, row_count):
                self._store_manifest(execution, uris, row_count)
            case Nothing():
                self._store_lines(execution, (), [])

    def _store_rows(self, execution: Execution, columns: list[ResultColumn], rows: Iterator[list[str | None]]) -> None:
        """The CSV is written beside the spool while the rows pass, so that memory does not grow with the result."""
        execution.has_header = True
        execution.spool = Spool(self._spools / execution.id, columns)
        local = self._spools / f"{execution.id}.csv"
        with local.open("w", encoding="utf-8") as file:
            file.write(csv_line(column.name for column in columns))
            for row in execution.spool.write(rows):
                file.write(csv_line(row))
        execution.output_bytes = local.stat().st_size
        self._upload(local, execution.output)

    def _store_lines(self, execution: Execution, columns: tuple[str, ...], lines: list[str]) -> None:
        described = [ResultColumn(name, _TEXT_COLUMNS, 0) for name in columns]
        execution.spool = Spool(self._spools / execution.id, described)
        rows: list[list[str | None]] = [[line] for line in lines]
        for _ in execution.spool.write(rows):
            pass
        self._put(execution.output, "".join(f"{line}\n" for line in lines))

    def _store_manifest(self, execution: Execution, uris: list[str], row_count: int) -> None:
        execution.spool = Spool(self._spools / execution.id, [ResultColumn("rows", "bigint", 19)])
        for _ in execution.spool.write([]):
            pass
        execution.updated_rows = row_count
        execution.manifest = f"{execution.base}-manifest.csv"
        self._put(execution.manifest, "".join(f"{uri}\n" for uri in uris))

    def _upload(self, local: Path, uri: str) -> None:
        bucket, key = split_uri(uri)
        self._engine.store.s3.upload_file(str(local), bucket, key)
        local.unlink()

    def _put(self, uri: str, text: str) -> None:
        bucket, key = split_uri(uri)
        self._engine.store.s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
