"""By which role QuickSight reads the reports, and what the people may do who are named at deployment."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.encryption import Encryption
from cdk.lake import Lake
from cdk.quicksight_datasets import DATASETS
from cdk.stack_role import StackRole, account_arn
from clickstream.tables import REPORTS_PREFIX, RESULTS_PREFIX

RESULTS = f"{RESULTS_PREFIX}/quicksight"
"""Apart from the answers of all others, which may name people."""
ASK = (
    "athena:BatchGetQueryExecution",
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetQueryResultsStream",
    "athena:GetWorkGroup",
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
)
READ_CATALOG = (
    "glue:BatchGetPartition",
    "glue:GetDatabase",
    "glue:GetDatabases",
    "glue:GetPartition",
    "glue:GetPartitions",
    "glue:GetTable",
    "glue:GetTables",
)
LIST_CATALOG = (
    "athena:GetDataCatalog",
    "athena:GetDatabase",
    "athena:GetTableMetadata",
    "athena:ListDatabases",
    "athena:ListTableMetadata",
)
"""Of the managed policy AWSQuicksightAthenaAccess, what reads. What a list shows is decided by `READ_CATALOG`."""
USE_SOURCE = ("DescribeDataSource", "DescribeDataSourcePermissions", "PassDataSource")
OWN_DATASET = (
    *("DescribeDataSet", "DescribeDataSetPermissions", "PassDataSet", "DescribeIngestion", "ListIngestions"),
    *("UpdateDataSet", "DeleteDataSet", "CreateIngestion", "CancelIngestion", "UpdateDataSetPermissions"),
)
OWN_ANALYSIS = (
    *("DescribeAnalysis", "QueryAnalysis", "UpdateAnalysis", "DeleteAnalysis", "RestoreAnalysis"),
    *("DescribeAnalysisPermissions", "UpdateAnalysisPermissions"),
)
OWN_DASHBOARD = (
    *("DescribeDashboard", "ListDashboardVersions", "QueryDashboard", "UpdateDashboard", "DeleteDashboard"),
    *("DescribeDashboardPermissions", "UpdateDashboardPermissions", "UpdateDashboardPublishedVersion"),
)
"""What QuickSight's console calls viewer or owner. It takes these sets as a whole, and no others."""


class QuickSightRole(Construct):
    """The role that QuickSight takes on for our data source alone, so that no setting of the account is needed.

    It reads the reports that are datasets, and asks through a workgroup of its own, whose limits hold. Events, answers
    of others, and reports in which clients are listed one by one, are out of reach.

    Attributes:
        role: The role, with its policy.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, encryption: Encryption, lake: Lake, workgroup: str
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = StackRole(self, "Role", assumed_by=iam.ServicePrincipal("quicksight.amazonaws.com"))
        files = [lake.bucket.arn_for_objects(f"{REPORTS_PREFIX}/{dataset.name}/*") for dataset in DATASETS]
        results = lake.bucket.arn_for_objects(f"{RESULTS}/*")
        self.role.allow("Ask", ASK, account_arn("athena", f"workgroup/{workgroup}"))
        self.role.allow("ListCatalog", LIST_CATALOG, account_arn("athena", "datacatalog/AwsDataCatalog"))
        # The service knows no resources for it.
        self.role.allow("ListCatalogs", ("athena:ListDataCatalogs",), "*")
        tables = [f"table/{lake.database_name}/{dataset.report.table.name}" for dataset in DATASETS]
        names = ("catalog", f"database/{lake.database_name}", *tables)
        self.role.allow("ReadCatalog", READ_CATALOG, *(account_arn("glue", name) for name in names))
        self.role.allow("ReadObjects", ("s3:GetObject",), *files, results)
        upload = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject")
        self.role.allow("WriteResults", upload, results)
        listing = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
        self.role.allow("ListObjects", listing, lake.bucket.bucket_arn)
        self.role.allow_key(encryption, decrypt=("s3",), encrypt=("s3",))


def permissions(principal: str, actions: tuple[str, ...]) -> list[dict[str, object]]:
    """The same for one user or group of QuickSight, as CloudFormation has it."""
    return [{"Principal": principal, "Actions": [f"quicksight:{action}" for action in actions]}]
