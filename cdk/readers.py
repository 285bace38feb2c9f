"""What people may do who ask the lake: analysts where nobody is named, scientists about every event."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_s3 as s3

from batch_jobs.reports.report_list import OPEN_FOLDERS, REPORT_TABLE_PREFIX
from cdk.batch import QUERY_ACTIONS, WRITE_ACTIONS
from cdk.lake import Lake
from cdk.person import Person
from cdk.stack_role import StackRole, account_arn
from clickstream.lake.session_models import FOLDER as MODELS
from clickstream.tables import (
    BAD_EVENTS,
    COMMITS_PREFIX,
    LAKE_TABLES,
    LANDING_PREFIX,
    MASKED_START,
    MASKED_TABLES,
    REPORTS_PREFIX,
    RESULTS_PREFIX,
)

ANALYST_RESULTS = f"{RESULTS_PREFIX}/analyst"
"""Apart from the answers of all others, which may name people."""
CATALOG_ACTIONS = (
    "glue:BatchGetPartition",
    "glue:GetPartition",
    "glue:GetPartitions",
    "glue:GetTable",
    "glue:GetTables",
)
HISTORY_ACTIONS = (
    "athena:BatchGetNamedQuery",
    "athena:BatchGetQueryExecution",
    "athena:GetNamedQuery",
    "athena:ListNamedQueries",
    "athena:ListQueryExecutions",
)
"""What is saved in the workgroup, and what colleagues asked there."""
SAVE_ACTIONS = ("athena:CreateNamedQuery", "athena:DeleteNamedQuery")
CONSOLE_ACTIONS = ("athena:GetTableMetadata", "athena:ListDatabases", "athena:ListTableMetadata")
LIST_ACTIONS = ("athena:ListDataCatalogs", "athena:ListWorkGroups")


@dataclass(frozen=True)
class Readable:
    """What somebody may read of the lake.

    Attributes:
        tables: Names of Glue tables; `*` stands for any letters.
        folders: Of their files and of what else is read, and
        listed: which of those are listed, where fewer words say it: keys hold names and dates.
        workgroup: Name of the workgroup in which they ask, and
        results: the folder of its answers.
    """

    tables: Sequence[str]
    folders: Sequence[str]
    listed: Sequence[str]
    workgroup: str
    results: str


def analysts(workgroup: str) -> Readable:
    """What is open to readers without persons; and commits, which hold numbers, and say what hours a question needs.

    The catalog shows the columns of closed reports as well, which are no secret: their files are not read. A role may
    hold ten thousand letters of policy.
    """
    masked = [table.name for table in MASKED_TABLES]
    return Readable(
        tables=[f"{MASKED_START}*", f"{REPORT_TABLE_PREFIX}*"],
        folders=[*OPEN_FOLDERS, COMMITS_PREFIX],
        listed=[*masked, REPORTS_PREFIX, COMMITS_PREFIX],
        workgroup=workgroup,
        results=ANALYST_RESULTS,
    )


def scientists(workgroup: str) -> Readable:
    """All tables but `bad_events`, whose payloads are as they were sent. Rows of an open hour lie in landing."""
    tables = [table.name for table in LAKE_TABLES if table is not BAD_EVENTS]
    folders = [*tables, LANDING_PREFIX, REPORTS_PREFIX, COMMITS_PREFIX, MODELS.rstrip("/")]
    return Readable(
        tables=[*tables, f"{REPORT_TABLE_PREFIX}*"],
        folders=folders,
        listed=folders,
        workgroup=workgroup,
        results=RESULTS_PREFIX,
    )


def let_browse(person: Person, workgroup: str) -> None:
    """Let somebody use Athena's console: its lists, what is saved, and what was asked in the workgroup."""
    person.allow("SeeHistory", HISTORY_ACTIONS, account_arn("athena", f"workgroup/{workgroup}"))
    person.allow("BrowseCatalog", CONSOLE_ACTIONS, account_arn("athena", "datacatalog/AwsDataCatalog"))
    person.allow("ListAthena", LIST_ACTIONS, "*")


def let_ask(role: StackRole, lake: Lake, readable: Readable) -> None:
    """Let somebody ask Athena about the tables: it reads and writes in the name of who asks."""
    role.allow("Query", QUERY_ACTIONS, account_arn("athena", f"workgroup/{readable.workgroup}"))
    catalog = [account_arn("glue", name) for name in ("catalog", f"database/{lake.database_name}")]
    role.allow("ReadDatabase", ("glue:GetDatabase", "glue:GetDatabases"), *catalog)
    tables = [account_arn("glue", f"table/{lake.database_name}/{name}") for name in readable.tables]
    role.allow("ReadTables", CATALOG_ACTIONS, *catalog, *tables)
    role.allow("ReadObjects", ("s3:GetObject",), *_objects(lake.bucket, [*readable.folders, readable.results]))
    prefixes = {"StringLike": {"s3:prefix": [f"{folder}/*" for folder in (*readable.listed, readable.results)]}}
    role.allow("ListObjects", ("s3:ListBucket",), lake.bucket.bucket_arn, conditions=prefixes)
    role.allow("FindBucket", ("s3:GetBucketLocation", "s3:ListBucketMultipartUploads"), lake.bucket.bucket_arn)
    role.allow("WriteResults", WRITE_ACTIONS, *_objects(lake.bucket, [readable.results]))


def let_save_queries(person: Person, workgroup: str) -> None:
    """Let somebody save queries in a workgroup where nothing of the stack is saved."""
    person.allow("SaveQueries", SAVE_ACTIONS, account_arn("athena", f"workgroup/{workgroup}"))


def let_register_models(role: StackRole, lake: Lake) -> None:
    """Let somebody add models; a manifest is only ever created."""
    role.allow("RegisterModels", ("s3:PutObject",), lake.bucket.arn_for_objects(f"{MODELS}*"))


def _objects(bucket: s3.Bucket, folders: Sequence[str]) -> list[str]:
    return [bucket.arn_for_objects(f"{folder}/*") for folder in folders]
