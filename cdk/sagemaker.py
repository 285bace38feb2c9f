"""SageMaker: where models of sessions are trained and listed, and a notebook for those who make them."""

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from cdk import readers
from cdk.config import Config
from cdk.encryption import Encryption
from cdk.lake import Lake
from cdk.sagemaker_notebook import Notebook
from cdk.stack_role import StackRole, account_arn
from clickstream.lake.session_models import (
    FEATURES_FOLDER,
    PACKAGE_GROUP_OUTPUT,
    TRAINING_REPOSITORY,
    TRAINING_ROLE_OUTPUT,
)
from clickstream.lake.session_models import FOLDER as MODELS

LOGS = "/aws/sagemaker/TrainingJobs"
"""One group for all training jobs of an account, which SageMaker makes: not ours to keep or to encrypt."""


class SageMaker(Construct):
    """Role of training jobs, group of model packages and, where it is asked for, a notebook instance.

    Attributes:
        outputs: What commands and people need to know of them.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, config: Config, encryption: Encryption, lake: Lake
    ) -> None:
        super().__init__(scope, construct_id)
        name = self._jobs = f"{config.prefix}-sessions"
        self._lake = lake
        self._group(config, name)
        self._training_role = self._training(encryption, lake, name)
        self.outputs = {PACKAGE_GROUP_OUTPUT: name, TRAINING_ROLE_OUTPUT: self._training_role.role_arn}
        if config.notebook_instance != "off":
            notebook = Notebook(
                self,
                "Notebook",
                config=config,
                encryption=encryption,
                lake=lake,
            )
            self.let_train(notebook.role)
            self.outputs["NotebookInstanceName"] = notebook.instance_name

    def let_train(self, role: StackRole) -> None:
        """Let somebody train a model as a job, under the role for that, and register it."""
        readers.let_register_models(role, self._lake)
        role.allow("FindKey", ["s3:GetEncryptionConfiguration"], self._lake.bucket.bucket_arn)
        run = ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob"]
        role.allow("Train", run, account_arn("sagemaker", f"training-job/{self._jobs}-*"))
        service = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        role.allow("PassTrainingRole", ["iam:PassRole"], self._training_role.role_arn, conditions=service)
        names = (f"model-package-group/{self._jobs}", f"model-package/{self._jobs}/*")
        packages = [account_arn("sagemaker", name) for name in names]
        role.allow("ListModels", ["sagemaker:CreateModelPackage"], *packages)

    def _group(self, config: Config, name: str) -> None:
        """Models of sessions, one package for each version. CloudFormation deletes no group that has packages."""
        group = sagemaker.CfnModelPackageGroup(
            self,
            "Models",
            model_package_group_name=name,
            model_package_group_description="Models of sessions: data version, metrics and archive of each",
        )
        group.apply_removal_policy(RemovalPolicy.DESTROY if config.is_disposable else RemovalPolicy.RETAIN)

    def _training(self, encryption: Encryption, lake: Lake, jobs: str) -> StackRole:
        """What a job needs that reads features and script, writes a model, and has no network.

        Source: Amazon SageMaker Developer Guide, "How to use SageMaker AI execution roles", CreateTrainingJob.
        """
        role = StackRole(
            self,
            "TrainingRole",
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
            description=f"Training jobs {jobs}-*",
        )
        bucket = lake.bucket
        read = [bucket.arn_for_objects(f"{folder}*") for folder in (FEATURES_FOLDER, MODELS)]
        role.allow("ReadTraining", ["s3:GetObject"], *read)
        prefixes = {"StringLike": {"s3:prefix": [f"{FEATURES_FOLDER}*", f"{MODELS}*"]}}
        role.allow("ListTraining", ["s3:ListBucket"], bucket.bucket_arn, conditions=prefixes)
        role.allow("WriteModel", ["s3:PutObject"], bucket.arn_for_objects(f"{MODELS}*"))
        pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        # Each region has another owner of the registry; who may pull from it is theirs to say.
        role.allow("PullImage", pull, f"arn:{Aws.PARTITION}:ecr:{Aws.REGION}:*:repository/{TRAINING_REPOSITORY}")
        role.allow("LogIn", ["ecr:GetAuthorizationToken"], "*")
        write = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        role.allow(
            "WriteLogs", write, account_arn("logs", f"log-group:{LOGS}"), account_arn("logs", f"log-group:{LOGS}:*")
        )
        namespace = {"StringEquals": {"cloudwatch:namespace": LOGS}}
        role.allow("PublishMetrics", ["cloudwatch:PutMetricData"], "*", conditions=namespace)
        role.allow_key(encryption, decrypt=("s3",), encrypt=("s3",))
        if encryption.key:
            # As documented for the key of `OutputDataConfig`; S3 itself asks for data keys.
            role.allow("EncryptModel", ["kms:Encrypt"], encryption.key.key_arn)
        return role
