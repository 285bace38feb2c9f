"""QuickSight: a data source, the datasets, and an analysis and a dashboard of the same sheets."""

from typing import Any

from aws_cdk import Aws, CfnOutput, CfnResource
from aws_cdk import aws_athena as athena
from constructs import Construct

from cdk.budget import STACK_TAG
from cdk.config import Config
from cdk.encryption import Encryption
from cdk.lake import Lake
from cdk.quicksight_access import (
    OWN_ANALYSIS,
    OWN_DASHBOARD,
    OWN_DATASET,
    RESULTS,
    USE_SOURCE,
    QuickSightRole,
    permissions,
)
from cdk.quicksight_datasets import DATASETS, Dataset
from cdk.quicksight_definition import definition
from cdk.workgroup import guarded_workgroup

Json = dict[str, Any]


class QuickSight(Construct):
    """What the named user or group of QuickSight gets.

    The resources are written as the API has them, because a definition of L1 types is as long and cannot be checked
    against the API's own model.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, config: Config, encryption: Encryption, lake: Lake
    ) -> None:
        super().__init__(scope, construct_id)
        self._config = config
        self._lake = lake
        workgroup = guarded_workgroup(
            self,
            config=config,
            encryption=encryption,
            bucket=lake.bucket,
            name=f"{config.prefix}-quicksight",
            description="Queries of QuickSight, whose answers lie apart from those that name people",
            results=RESULTS,
        )
        access = QuickSightRole(self, "Access", encryption=encryption, lake=lake, workgroup=workgroup.name)
        source = self._source(access, workgroup)
        made = {dataset.name: self._dataset(dataset, source) for dataset in DATASETS}
        shown = definition({name: resource.get_att("Arn").to_string() for name, resource in made.items()})
        common = {"Name": f"Clickstream {config.environment}", "Definition": shown}
        self._resource("Analysis", {"AnalysisId": config.prefix, **common}, OWN_ANALYSIS)
        self._resource("Dashboard", {"DashboardId": config.prefix, **common}, OWN_DASHBOARD)
        url = f"https://{Aws.REGION}.quicksight.aws.amazon.com/sn/dashboards/{config.prefix}"
        CfnOutput(self, "Url", value=url).override_logical_id("QuickSightDashboardUrl")

    def _resource(self, kind: str, properties: Json, actions: tuple[str, ...], name: str = "") -> CfnResource:
        principal = self._config.quicksight_principal
        return CfnResource(
            self,
            name or kind,
            type=f"AWS::QuickSight::{kind}",
            properties={
                "AwsAccountId": Aws.ACCOUNT_ID,
                "Permissions": permissions(principal, actions),
                "Tags": [{"Key": STACK_TAG, "Value": self._config.prefix}],
                **properties,
            },
        )

    def _source(self, access: QuickSightRole, workgroup: athena.CfnWorkGroup) -> CfnResource:
        parameters = {"WorkGroup": workgroup.name, "RoleArn": access.role.role_arn}
        properties = {
            "DataSourceId": self._config.prefix,
            "Name": f"Clickstream {self._config.environment}",
            "Type": "ATHENA",
            "DataSourceParameters": {"AthenaParameters": parameters},
            "SslProperties": {"DisableSsl": False},
        }
        source = self._resource("DataSource", properties, USE_SOURCE)
        # QuickSight connects while it makes the data source: not before its role may.
        source.node.add_dependency(access, workgroup)
        return source

    def _dataset(self, dataset: Dataset, source: CfnResource) -> CfnResource:
        """It is filled as it is made, and then by each daily run; a deployment does not wait for the rows."""
        title = dataset.report.title
        table = {
            "DataSourceArn": source.get_att("Arn").to_string(),
            "Name": title,
            "SqlQuery": dataset.query(self._lake.database_name),
            "Columns": [{"Name": name, "Type": kind} for name, kind in dataset.types.items()],
        }
        properties = {
            "DataSetId": dataset.physical_id(self._config.prefix),
            "Name": f"{self._config.prefix}: {title}",
            "ImportMode": "SPICE",
            "IngestionWaitPolicy": {"WaitForSpiceIngestion": False},
            "PhysicalTableMap": {"report": {"CustomSql": table}},
        }
        name = "".join(word.capitalize() for word in dataset.name.split("_"))
        made = self._resource("DataSet", properties, OWN_DATASET, name)
        made.node.add_dependency(self._lake.node.find_child(f"Report{name}"))
        return made
