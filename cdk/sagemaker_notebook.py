"""A notebook instance of SageMaker that opens the notebooks of this project, and stops when nobody uses it.

Why it reaches the internet: docs/decisions/0043-sagemaker-beside-the-lake.md. Its scripts: `notebooks/instance/`.
"""

from aws_cdk import Aws, Fn, IgnoreMode
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from cdk import readers
from cdk.code import CACHES
from cdk.config import Config
from cdk.encryption import Encryption
from cdk.lake import Lake
from cdk.layer import ROOT
from cdk.stack_role import StackRole, account_arn

PLATFORM = "notebook-al2023-v1"
VOLUME_GB = 10
"""Of which the environment of each version of the project takes one."""
IDLE_MINUTES = 60
ON_START = ROOT / "notebooks" / "instance" / "on_start.sh"
PARTS = ["/*", "!/batch_jobs", "!/notebooks", "!/requirements", "!/sql", "!/streaming_lambdas"]
LOCKS = ["/requirements/*", "!/requirements/bootstrap.txt", "!/requirements/notebooks.txt"]


class Notebook(Construct):
    """The instance, its role and its lifecycle.

    Attributes:
        instance_name: What `aws sagemaker create-presigned-notebook-instance-url` wants.
        role: What is done in it is done by this role: a scientist's questions, from a machine.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Config,
        encryption: Encryption,
        lake: Lake,
    ) -> None:
        super().__init__(scope, construct_id)
        self.instance_name = f"{config.prefix}-notebook"
        project = assets.Asset(
            self, "Project", path=str(ROOT), exclude=[*PARTS, *LOCKS, *CACHES], ignore_mode=IgnoreMode.GIT
        )
        self.role = StackRole(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
            description=f"Notebook instance {self.instance_name}",
        )
        self._allow_start(self.role, project)
        readers.let_ask(self.role, lake, readers.scientists(lake.workgroup_name))
        self.role.allow_key(encryption, decrypt=("s3",), encrypt=("s3",))
        lifecycle = sagemaker.CfnNotebookInstanceLifecycleConfig(
            self,
            "Lifecycle",
            on_start=[
                sagemaker.CfnNotebookInstanceLifecycleConfig.NotebookInstanceLifecycleHookProperty(
                    content=Fn.base64(self._on_start(project))
                )
            ],
        )
        instance = sagemaker.CfnNotebookInstance(
            self,
            "Instance",
            notebook_instance_name=self.instance_name,
            instance_type=config.notebook_instance,
            platform_identifier=PLATFORM,
            role_arn=self.role.role_arn,
            lifecycle_config_name=lifecycle.attr_notebook_instance_lifecycle_config_name,
            volume_size_in_gb=VOLUME_GB,
            kms_key_id=encryption.key.key_id if encryption.key else None,
            direct_internet_access="Enabled",
            root_access="Disabled",
            instance_metadata_service_configuration=sagemaker.CfnNotebookInstance.InstanceMetadataServiceConfigurationProperty(
                minimum_instance_metadata_service_version="2"
            ),
        )
        instance.node.add_dependency(self.role)

    def _on_start(self, project: assets.Asset) -> str:
        """The script of every start, below what it must know of this deployment."""
        known = {
            "PROJECT": project.s3_object_url,
            "STACK": Aws.STACK_NAME,
            "REGION": Aws.REGION,
            "INSTANCE": self.instance_name,
            "IDLE_MINUTES": IDLE_MINUTES,
        }
        head = [f"{name}='{value}'" for name, value in known.items()]
        return "\n".join(["#!/bin/bash", *head, ON_START.read_text(encoding="utf-8")])

    def _allow_start(self, role: StackRole, project: assets.Asset) -> None:
        """Fetch the project, find the stack's outputs, and stop itself."""
        role.allow("ReadProject", ["s3:GetObject"], project.bucket.arn_for_objects(project.s3_object_key))
        stack = account_arn("cloudformation", f"stack/{Aws.STACK_NAME}/*")
        role.allow("ReadOutputs", ["cloudformation:DescribeStacks"], stack)
        itself = account_arn("sagemaker", f"notebook-instance/{self.instance_name}")
        role.allow("StopItself", ["sagemaker:StopNotebookInstance"], itself)
