"""A role that a service of this account assumes, with statements that have names."""

from collections.abc import Mapping, Sequence

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.encryption import Encryption


class ServiceRole(iam.Role):
    """May be assumed by one service. That of another account cannot be made to: roles are passed within an account."""

    def __init__(self, scope: Construct, construct_id: str, service: str, description: str) -> None:
        super().__init__(scope, construct_id, assumed_by=iam.ServicePrincipal(service), description=description)

    def allow(
        self, sid: str, actions: Sequence[str], *resources: str, conditions: Mapping[str, object] | None = None
    ) -> None:
        """Grant the actions on exactly these resources."""
        self.add_to_policy(
            iam.PolicyStatement(sid=sid, actions=list(actions), resources=list(resources), conditions=conditions)
        )

    def use_key(self, encryption: Encryption) -> None:
        """Let it read and write what is encrypted in S3, where the account has a key."""
        for statement in encryption.statements(decrypt=("s3",), encrypt=("s3",)):
            self.add_to_policy(statement)


def arn(service: str, name: str) -> str:
    """The ARN of something in this account and region."""
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{name}"
