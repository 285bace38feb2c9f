"""The operations of the Athena API: each takes the request's JSON and returns the answer's."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from local_aws.athena.catalog import Catalog, Table
from local_aws.athena.errors import ApiError, QueryError
from local_aws.athena.executions import Execution, Executions
from local_aws.athena.kinds import kind_of
from local_aws.athena.named_queries import NamedQueries
from local_aws.athena.prepared import PreparedStatements, described
from local_aws.athena.requests import Answer, Request, need, page_of
from local_aws.athena.results import MAX_PAGE_ROWS, result_set
from local_aws.athena.runner import Clock, Runner
from local_aws.athena.workgroups import PRIMARY, WorkGroups

_WAIT_S = 1.0
"""Short queries are over when StartQueryExecution answers: clients that poll once a second then lose no second."""
_MAX_QUERY_BYTES = 262_144
_CATALOG = {"CatalogName": "AwsDataCatalog", "Type": "GLUE"}


class Api:
    """Answers requests; every method named like an operation is one."""

    def __init__(
        self, runner: Runner, catalog: Catalog, work_groups: WorkGroups, prepared: PreparedStatements, clock: Clock
    ) -> None:
        self._runner = runner
        self._catalog = catalog
        self._work_groups = work_groups
        self._prepared = prepared
        self._clock = clock
        self._executions = Executions()
        self._operations: dict[str, Callable[[Request], Answer]] = {
            **NamedQueries(work_groups).operations(),
            "StartQueryExecution": self.start_query_execution,
            "GetQueryExecution": self.get_query_execution,
            "BatchGetQueryExecution": self.batch_get_query_execution,
            "ListQueryExecutions": self.list_query_executions,
            "StopQueryExecution": self.stop_query_execution,
            "GetQueryResults": self.get_query_results,
            "GetQueryRuntimeStatistics": self.get_query_runtime_statistics,
            "GetWorkGroup": lambda r: {"WorkGroup": work_groups.get(need(r, "WorkGroup")).raw},
            "ListWorkGroups": lambda _: {"WorkGroups": work_groups.list_names()},
            "CreateWorkGroup": lambda r: work_groups.forward("create_work_group", r),
            "UpdateWorkGroup": lambda r: work_groups.forward("update_work_group", r),
            "DeleteWorkGroup": lambda r: work_groups.forward("delete_work_group", r),
            "CreatePreparedStatement": self.create_prepared_statement,
            "UpdatePreparedStatement": self.update_prepared_statement,
            "GetPreparedStatement": self.get_prepared_statement,
            "ListPreparedStatements": self.list_prepared_statements,
            "DeletePreparedStatement": self.delete_prepared_statement,
            "ListDataCatalogs": lambda _: {"DataCatalogsSummary": [_CATALOG]},
            "GetDataCatalog": lambda _: {"DataCatalog": {"Name": "AwsDataCatalog", "Type": "GLUE"}},
            "GetDatabase": self.get_database,
            "ListDatabases": lambda _: {"DatabaseList": [{"Name": name} for name in catalog.databases()]},
            "GetTableMetadata": self.get_table_metadata,
            "ListTableMetadata": self.list_table_metadata,
            "ListTagsForResource": lambda _: {"Tags": []},
        }

    def call(self, operation: str, request: Request) -> Answer:
        """Answer one request.

        Raises:
            ApiError: What the service refuses.
        """
        handler = self._operations.get(operation)
        if handler is None:
            raise ApiError(f"{operation} is not answered by the local engine", "UnknownOperationException")
        return handler(request)

    def start_query_execution(self, request: Request) -> Answer:
        """Start a query and give it a moment to finish."""
        execution = self._executions.add(self._new_execution(request), request.get("ClientRequestToken"))
        if execution.claim():
            self._runner.submit(execution)
        execution.done.wait(_WAIT_S)
        return {"QueryExecutionId": execution.id}

    def _new_execution(self, request: Request) -> Execution:
        query = need(request, "QueryString")
        if len(query.encode()) > _MAX_QUERY_BYTES:
            raise ApiError(f"Query string is longer than {_MAX_QUERY_BYTES} bytes")
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
        )
        execution.base = f"{execution.base}/{execution.id}"
        execution.output = execution.base + kind.suffix
        return execution

    def get_query_execution(self, request: Request) -> Answer:
        """Describe one execution."""
        return {"QueryExecution": self._execution(request).describe()}

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
        ids = self._executions.of_work_group(request.get("WorkGroup") or PRIMARY)
        page, token = page_of(ids, request, 50)
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
        asked = int(request.get("MaxResults") or MAX_PAGE_ROWS)
        if not 1 <= asked <= MAX_PAGE_ROWS:
            raise ApiError(f"MaxResults must be between 1 and {MAX_PAGE_ROWS}")
        token = request.get("NextToken")
        header = execution.has_header and not token
        rows, following = execution.spool.page(token, asked - header)
        names: list[str | None] = [column.name for column in execution.spool.columns]
        shown = [names, *rows] if header else rows
        answer = {"UpdateCount": execution.updated_rows, "ResultSet": result_set(execution.spool.columns, shown)}
        return {**answer, "NextToken": following} if following else answer

    def get_query_runtime_statistics(self, request: Request) -> Answer:
        """Return times and counts of one execution."""
        execution = self._execution(request)
        times = {key: value for key, value in execution.statistics().items() if key.endswith("InMillis")}
        rows = execution.spool.row_count if execution.spool is not None else 0
        counts = {"InputBytes": execution.scanned_bytes, "OutputRows": rows}
        return {"QueryRuntimeStatistics": {"Timeline": times, "Rows": counts}}

    def create_prepared_statement(self, request: Request) -> Answer:
        """Keep a new prepared statement."""
        self._prepared.create(
            need(request, "WorkGroup"), need(request, "StatementName"), need(request, "QueryStatement")
        )
        return {}

    def update_prepared_statement(self, request: Request) -> Answer:
        """Change a prepared statement."""
        group, name = need(request, "WorkGroup"), need(request, "StatementName")
        self._prepared.find(group, name)
        self._prepared.put(group, name, need(request, "QueryStatement"))
        return {}

    def get_prepared_statement(self, request: Request) -> Answer:
        """Return a prepared statement."""
        group, name = need(request, "WorkGroup"), need(request, "StatementName")
        return {"PreparedStatement": described(group, name, self._prepared.find(group, name), self._clock())}

    def list_prepared_statements(self, request: Request) -> Answer:
        """List the prepared statements of a workgroup."""
        now = self._clock().timestamp()
        names = self._prepared.names(need(request, "WorkGroup"))
        page, token = page_of(names, request, 50)
        return {"PreparedStatements": [{"StatementName": n, "LastModifiedTime": now} for n in page], **token}

    def delete_prepared_statement(self, request: Request) -> Answer:
        """Forget a prepared statement."""
        self._prepared.delete(need(request, "WorkGroup"), need(request, "StatementName"))
        return {}

    def get_database(self, request: Request) -> Answer:
        """Return a database."""
        name = need(request, "DatabaseName").lower()
        if name not in self._catalog.databases():
            raise ApiError(f"Database {name} not found.", "MetadataException")
        return {"Database": {"Name": name}}

    def get_table_metadata(self, request: Request) -> Answer:
        """Return a table."""
        try:
            table = self._catalog.table(need(request, "DatabaseName"), need(request, "TableName"))
        except QueryError as error:
            raise ApiError(str(error), "MetadataException") from error
        return {"TableMetadata": _metadata(table)}

    def list_table_metadata(self, request: Request) -> Answer:
        """List the tables of a database."""
        try:
            tables = [
                _metadata(t)
                for t in self._catalog.tables(need(request, "DatabaseName"), request.get("Expression") or "")
            ]
        except QueryError as error:
            raise ApiError(str(error), "MetadataException") from error
        page, token = page_of(tables, request, 50)
        return {"TableMetadataList": page, **token}


def _metadata(table: Table) -> dict[str, Any]:
    created: datetime | None = table.raw.get("CreateTime")
    return {
        "Name": table.name,
        "TableType": table.raw.get("TableType", ""),
        "Columns": [{"Name": name, "Type": kind} for name, kind in table.columns],
        "PartitionKeys": [{"Name": name, "Type": kind} for name, kind in table.keys],
        "Parameters": table.parameters,
        **({"CreateTime": created.timestamp()} if created is not None else {}),
    }
