"""The key by which everything is encrypted at rest, where the account holds its own, and who may use it."""

from collections.abc import Sequence

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from cdk.config import Config

PENDING = Duration.days(30)
"""Between the deletion of the key and its end: time to find out what is still encrypted with it."""
LOG_ACTIONS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


class Encryption(Construct):
    """One customer managed key for all stores, topic, secret and logs of the stack, or none.

    Attributes:
        key: The key; None where keys are managed by AWS.
    """

    def __init__(self, scope: Construct, construct_id: str, config: Config) -> None:
        super().__init__(scope, construct_id)
        self.key = self._key(config) if config.has_customer_key else None

    def statements(self, *, decrypt: Sequence[str] = (), encrypt: Sequence[str] = ()) -> list[iam.PolicyStatement]:
        """What a role needs that reads or writes through these services (`s3`, `dynamodb`, …); nothing without a key.

        The services call KMS in the role's name. SNS encrypts what it is given and needs both.
        """
        needed = {"Decrypt": ("kms:Decrypt", decrypt), "Encrypt": ("kms:GenerateDataKey", encrypt)}
        return [
            iam.PolicyStatement(
                sid=f"{word}WithKey",
                actions=[action],
                resources=[self.key.key_arn],
                conditions={"StringEquals": {"kms:ViaService": [_endpoint(service) for service in services]}},
            )
            for word, (action, services) in needed.items()
            if self.key and services
        ]

    def _key(self, config: Config) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            description=f"Everything that {config.prefix} stores",
            enable_key_rotation=True,
            pending_window=PENDING,
            removal_policy=RemovalPolicy.DESTROY if config.is_disposable else RemovalPolicy.RETAIN,
        )
        key.add_to_resource_policy(_logs(config))
        key.add_to_resource_policy(_alarms())
        return key


def _logs(config: Config) -> iam.PolicyStatement:
    """CloudWatch Logs, for the log groups of this stack alone."""
    prefix = config.prefix
    names = [f"/aws/lambda/{prefix}-*", f"/aws-glue/{prefix}/*", f"/aws/apigateway/{prefix}-*"]
    names += [f"/aws/vpc/{prefix}-*"] if config.vpc == "on" else []
    groups = [f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group:{name}" for name in names]
    return iam.PolicyStatement(
        sid="Logs",
        principals=[iam.ServicePrincipal(_endpoint("logs"))],
        actions=list(LOG_ACTIONS),
        resources=["*"],
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    )


def _alarms() -> iam.PolicyStatement:
    """Alarms of this account, which publish to the encrypted topic."""
    return iam.PolicyStatement(
        sid="Alarms",
        principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=["*"],
        conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
    )


def _endpoint(service: str) -> str:
    return f"{service}.{Aws.REGION}.amazonaws.com"
