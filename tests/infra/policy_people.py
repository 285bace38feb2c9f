"""What the calls need that only people make: of consoles, of the command line, and of the commands for bad days.

Sources: the Service Authorization Reference of each service. Of Glue: "Filter tables by GetTables permission" in its
examples of identity-based policies; a table without the permission is left out of the answer.
"""

from collections.abc import Iterator

from tests.infra.policy_conditions import PolicyError
from tests.infra.policy_requests import OPERATIONS, Account, Needs, Params, arn
from tests.infra.policy_statements import Request


def _on(action: str, service: str, path: str, key: str) -> Needs:
    """An action on the one thing that a parameter names; the whole ARN if it is one already."""

    def needs(_: Account, params: Params) -> Iterator[Request]:
        named = str(params[key])
        yield Request(action, named if named.startswith("arn:") else arn(service, path.format(named)))

    return needs


def _on_all(action: str, resource: str = "*") -> Needs:
    """An action that lists things of the account."""

    def needs(_: Account, _params: Params) -> Iterator[Request]:
        yield Request(action, resource)

    return needs


def _databases(_: Account, _params: Params) -> Iterator[Request]:
    # What is listed is what is allowed, so only the catalog is needed to ask.
    yield Request("glue:GetDatabases", arn("glue", "catalog"))


def _tables(_: Account, params: Params) -> Iterator[Request]:
    for name in ("catalog", f"database/{params['DatabaseName']}"):
        yield Request("glue:GetTables", arn("glue", name))


def _iterator(account: Account, params: Params) -> Iterator[Request]:
    account.stream = arn("kinesis", f"stream/{params['StreamName']}")
    yield Request("kinesis:GetShardIterator", account.stream)


def _records(account: Account, _params: Params) -> Iterator[Request]:
    if not account.stream:
        raise PolicyError("GetRecords without an iterator before it: whose records?")
    yield Request("kinesis:GetRecords", account.stream)


def _mapping(action: str) -> Needs:
    """The condition is about the function that the mapping calls then."""

    def needs(account: Account, params: Params) -> Iterator[Request]:
        function = params.get("FunctionName") or account.mappings.get(params["UUID"], "")
        named = function if function.startswith("arn:") else arn("lambda", f"function:{function}")
        mapping = arn("lambda", f"event-source-mapping:{params['UUID']}")
        yield Request(f"lambda:{action}", mapping, {"lambda:FunctionArn": [named]})

    return needs


def _dashboard(_: Account, params: Params) -> Iterator[Request]:
    yield Request("cloudwatch:GetDashboard", f"arn:aws:cloudwatch::123456789012:dashboard/{params['DashboardName']}")


_CATALOG = arn("athena", "datacatalog/AwsDataCatalog")
_QUERIES = ("BatchGetNamedQuery", "GetNamedQuery", "ListNamedQueries", "CreateNamedQuery", "DeleteNamedQuery")
_EXECUTIONS = ("BatchGetQueryExecution", "ListQueryExecutions")
_WORKGROUP = OPERATIONS["athena", "GetWorkGroup"]


def _workgroup(action: str) -> Needs:
    def needs(account: Account, params: Params) -> Iterator[Request]:
        yield from (Request(f"athena:{action}", one.resource) for one in _WORKGROUP(account, params))

    return needs


OF_PEOPLE: dict[tuple[str, str], Needs] = {
    **OPERATIONS,
    **{("athena", name): _workgroup(name) for name in (*_QUERIES, *_EXECUTIONS)},
    **{("athena", name): _on_all(f"athena:{name}") for name in ("ListDataCatalogs", "ListWorkGroups")},
    **{
        ("athena", name): _on_all(f"athena:{name}", _CATALOG)
        for name in ("GetTableMetadata", "ListDatabases", "ListTableMetadata")
    },
    ("glue", "GetDatabases"): _databases,
    ("glue", "GetTables"): _tables,
    ("glue", "GetJob"): _on("glue:GetJob", "glue", "job/{}", "JobName"),
    **{("glue", name): _on(f"glue:{name}", "glue", "job/{}", "JobName") for name in ("GetJobRun", "GetJobRuns")},
    ("cloudformation", "DescribeStacks"): _on(
        "cloudformation:DescribeStacks", "cloudformation", "stack/{}/0a1b2c", "StackName"
    ),
    **{
        ("cloudwatch", name): _on_all(f"cloudwatch:{name}")
        for name in ("GetMetricData", "ListDashboards", "ListMetrics")
    },
    **{
        ("cloudwatch", name): _on_all(f"cloudwatch:{name}", arn("cloudwatch", "alarm:*"))
        for name in ("DescribeAlarmHistory", "DescribeAlarms")
    },
    ("cloudwatch", "GetDashboard"): _dashboard,
    ("logs", "DescribeLogGroups"): _on_all("logs:DescribeLogGroups", arn("logs", "log-group::log-stream:")),
    **{
        ("logs", name): _on(f"logs:{name}", "logs", "log-group:{}:log-stream:", "logGroupName")
        for name in ("DescribeLogStreams", "FilterLogEvents", "GetLogEvents")
    },
    ("kinesis", "DescribeStream"): _on("kinesis:DescribeStream", "kinesis", "stream/{}", "StreamName"),
    ("kinesis", "GetShardIterator"): _iterator,
    ("kinesis", "GetRecords"): _records,
    **{
        ("lambda", name): _on(f"lambda:{name}", "lambda", "function:{}", "FunctionName")
        for name in ("GetFunction", "GetFunctionConfiguration")
    },
    ("lambda", "ListEventSourceMappings"): _on_all("lambda:ListEventSourceMappings"),
    **{("lambda", name): _mapping(name) for name in ("GetEventSourceMapping", "UpdateEventSourceMapping")},
    **{
        ("stepfunctions", name): _on(f"states:{name}", "states", "", "stateMachineArn")
        for name in ("DescribeStateMachine", "ListExecutions", "StartExecution")
    },
    **{
        ("stepfunctions", name): _on(f"states:{name}", "states", "", "executionArn")
        for name in ("DescribeExecution", "GetExecutionHistory", "RedriveExecution", "StopExecution")
    },
    ("scheduler", "GetSchedule"): _on("scheduler:GetSchedule", "scheduler", "schedule/default/{}", "Name"),
    ("dynamodb", "DescribeTable"): _on("dynamodb:DescribeTable", "dynamodb", "table/{}", "TableName"),
}
"""Everything that is known, by service and operation."""
