"""The calls of `tests/aws/wrangler_calls` on the local platform, and what of Athena only its emulator can show."""

import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.aws.athena_lake import fill
from tests.aws.statement_checks import STATEMENTS
from tests.aws.wrangler_calls.making import differing, outcome_of, outcomes
from tests.aws.wrangler_calls.place import Place

# awswrangler 3.17 on pandas 3 says so itself.
pytestmark = pytest.mark.filterwarnings("ignore:The (copy|inplace) keyword:DeprecationWarning")


@pytest.mark.usefixtures("aws_environment")
def test_every_call_passes_but_those_that_aws_refuses_too() -> None:
    """One call is missing in the emulator."""
    assert differing(outcomes(Place(f"calls-{uuid.uuid4().hex[:8]}"))) == {}


@pytest.mark.usefixtures("aws_environment")
def test_a_workgroup_is_changed_where_it_was_made() -> None:
    """The next query goes where the workgroup now says; a limit that the emulator keeps is told."""
    athena: Any = boto3.client("athena")
    name = f"group-{uuid.uuid4().hex[:8]}"
    boto3.client("s3").create_bucket(Bucket=name)
    results: Any = {"OutputLocation": f"s3://{name}/first/"}
    athena.create_work_group(Name=name, Configuration={"ResultConfiguration": results})
    athena.update_work_group(
        WorkGroup=name,
        Description="changed",
        ConfigurationUpdates={
            "EnforceWorkGroupConfiguration": True,
            "BytesScannedCutoffPerQuery": 10_000_000,
            "ResultConfigurationUpdates": {"OutputLocation": f"s3://{name}/second/"},
        },
    )
    group = athena.get_work_group(WorkGroup=name)["WorkGroup"]
    execution_id = athena.start_query_execution(QueryString="SELECT 1 AS a", WorkGroup=name)["QueryExecutionId"]
    execution = athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]

    assert (group["Description"], group["Configuration"]["BytesScannedCutoffPerQuery"]) == ("changed", 10_000_000)
    assert execution["ResultConfiguration"]["OutputLocation"] == f"s3://{name}/second/{execution_id}.csv"
    with pytest.raises(ClientError, match="The emulator keeps BytesScannedCutoffPerQuery"):
        athena.update_work_group(WorkGroup=name, ConfigurationUpdates={"RemoveBytesScannedCutoffPerQuery": True})
    athena.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)
    assert name not in [other["Name"] for other in athena.list_work_groups()["WorkGroups"]]


@pytest.mark.usefixtures("aws_environment")
def test_every_statement_has_its_effect() -> None:
    """On the emulator as in memory."""
    fill()
    found = {name: outcome_of(check) for name, check in STATEMENTS.items()}

    assert {name: outcome for name, outcome in found.items() if outcome != "passed"} == {}
