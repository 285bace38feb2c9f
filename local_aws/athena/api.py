"""The operations of the Athena API: each takes the request's JSON and returns the answer's."""

from collections.abc import Callable

from local_aws.athena import reuse
from local_aws.athena.catalog import Catalog
from local_aws.athena.errors import ApiError, QueryError
from local_aws.athena.executions import Execution, Executions
from local_aws.athena.kinds import kind_of
from local_aws.athena.metadata import Metadata
from local_aws.athena.model import check
from local_aws.athena.named_queries import NamedQueries
from local_aws.athena.prepared import PreparedStatements
from local_aws.athena.requests import Answer, Clock, Request, need, page_of
from local_aws.athena.results import MAX_PAGE_ROWS, result_set
from local_aws.athena.runner import Runner
from local_aws.athena.statements import executed_name
from local_aws.athena.workgroups import PRIMARY, WorkGroups

_WAIT_S = 1.0
"""Short queries are over when StartQueryExecution answers: clients that poll once a second then lose no second."""
_MAX_QUERY_BYTES = 262_144


class Api:
    """Answers requests."""

    def __init__(
        self, runner: Runner, catalog: Catalog, work_groups: WorkGroups, prepared: PreparedStatements, clock: Clock
    ) -> None:
        self._runner = runner
        self._work_groups = work_groups
        self._prepared = prepared
        self._clock = clock
        self._executions = Executions()
        self._named = NamedQueries(work_groups)
        self._operations: dict[str, Callable[[Request], Answer]] = {
            **self._named.operations(),
            **prepared.operations(),
            **work_groups.operations(),
            **Metadata(catalog).operations(),
            "BatchGetQueryExecution": self.batch_get_query_execution,
            "DeleteWorkGroup": self.delete_work_group,
            "GetQueryExecution": lambda r: {"QueryExecution": self._execution(r).describe()},
            "GetQueryResults": self.get_query_results,
            "GetQueryRuntimeStatistics": lambda r: {"QueryRuntimeStatistics": self._execution(r).runtime_statistics()},
            "ListQueryExecutions": self.list_query_executions,
            "StartQueryExecution": self.start_query_execution,
            "StopQueryExecution": self.stop_query_execution,
        }

    def call(self, operation: str, request: Request) -> Answer:
        """Answer one request.

        Raises:
            ApiError: What the service refuses.
        """
        check(operation, request)
        handler = self._operations.get(operation)
        if handler is None:
            raise ApiError(f"{operation} is not answered by the local engine", "UnknownOperationException")
        return handler(request)

    def start_query_execution(self, request: Request) -> Answer:
        """Start a query and give it a moment to finish; or find its result among those that may be given again."""
        execution = self._executions.add(self._new_execution(request), request.get("ClientRequestToken"))
        if execution.claim() and not self._reuse(execution):
            self._runner.submit(execution)
        execution.done.wait(_WAIT_S)
        return {"QueryExecutionId": execution.id}

    def _new_execution(self, request: Request) -> Execution:
        query = need(request, "QueryString")
        if len(query.encode()) > _MAX_QUERY_BYTES:
            raise ApiError(f"QueryString is longer than {_MAX_QUERY_BYTES} bytes")
        group = self._work_groups.usable(request.get("WorkGroup") or PRIMARY)
        asked = (request.get("ResultConfiguration") or {}).get("OutputLocation")
        context = request.get("QueryExecutionContext") or {}
        kind = kind_of(query)
        execution = Execution(
            query=query,
            work_group=group.name,
            database=str(context.get("Database") or "").strip('`"').lower(),
            catalog=str(context.get("Catalog") or "").lower(),
            parameters=[str(value) for value in request.get("ExecutionParameters") or []],
            base=group.output_location(asked).rstrip("/"),
            kind=kind.statement,
            substatement=kind.substatement,
            output="",
            submitted_time=self._clock(),
            bytes_cutoff=group.bytes_cutoff,
            prepared_text=self._prepared_text(group.name, query),
            reuse=None if group.overrides(asked) else reuse.configuration_of(request),
        )
        execution.base = f"{execution.base}/{execution.id}"
        execution.output = execution.base + kind.suffix
        return execution

    def _prepared_text(self, work_group: str, query: str) -> str:
        name = executed_name(query)
        try:
            return self._prepared.get(work_group, name) if name else ""
        except QueryError:  # the execution will fail with it
            return ""

    def _reuse(self, execution: Execution) -> bool:
        """Answer an execution with an earlier result if its request allows and the result is still there."""
        now = self._clock()
        if execution.reuse is None or not reuse.is_repeatable(execution.prepared_text or execution.query):
            return False
        earlier = self._executions.reusable(execution, now - reuse.max_age(execution.reuse))
        if earlier is None or not self._runner.is_kept(earlier):
            return False
        try:
            execution.give_again(earlier, now)
        except FileNotFoundError:  # the earlier execution was forgotten just now
            return False
        return True

    def _execution(self, request: Request) -> Execution:
        return self._executions.get(need(request, "QueryExecutionId"))

    def batch_get_query_execution(self, request: Request) -> Answer:
        """Describe several executions."""
        found, missing = [], []
        for execution_id in request.get("QueryExecutionIds") or []:
            try:
                found.append(self._executions.get(execution_id).describe())
            except ApiError as error:
                missing.append(
                    {"QueryExecutionId": execution_id, "ErrorCode": "INVALID_INPUT", "ErrorMessage": str(error)}
                )
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}

    def list_query_executions(self, request: Request) -> Answer:
        """List the executions of a workgroup, newest first."""
        group = self._work_groups.get(request.get("WorkGroup") or PRIMARY)
        page, token = page_of(self._executions.of_work_group(group.name), request, 50)
        return {"QueryExecutionIds": page, **token}

    def stop_query_execution(self, request: Request) -> Answer:
        """Stop an execution; one that is over stays as it is."""
        self._runner.cancel(self._execution(request))
        return {}

    def get_query_results(self, request: Request) -> Answer:
        """Return a page of rows; the first row of a SELECT holds the column names."""
        execution = self._execution(request)
        if execution.state != "SUCCEEDED" or execution.spool is None:
            if not execution.is_over:
                raise ApiError(f"Query has not yet finished. Current state: {execution.state}")
            raise ApiError(f"Query did not finish successfully. Final query state: {execution.state}")
        token = request.get("NextToken")
        header = execution.has_header and not token
        rows, following = execution.spool.page(token, int(request.get("MaxResults") or MAX_PAGE_ROWS) - header)
        names: list[str | None] = [column.name for column in execution.spool.columns]
        shown = [names, *rows] if header else rows
        answer = {"UpdateCount": execution.updated_rows, "ResultSet": result_set(execution.spool.columns, shown)}
        return {**answer, "NextToken": following} if following else answer

    def delete_work_group(self, request: Request) -> Answer:
        """Delete a workgroup; what it holds goes with it only when the request says so."""
        name = need(request, "WorkGroup")
        self._work_groups.check_deletable(name)
        holds = self._named.has_any(name) or bool(self._executions.of_work_group(name))
        if holds and not request.get("RecursiveDeleteOption"):
            raise ApiError(f"WorkGroup {name} is not empty")
        answer = self._work_groups.delete(request)
        for keeper in (self._named, self._prepared, self._executions):
            keeper.forget(name)
        return answer
