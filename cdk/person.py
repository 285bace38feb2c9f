"""How a role for people is made: who may assume it, for how long, and what it may do."""

from collections.abc import Mapping, Sequence

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.encryption import Encryption

SESSION = Duration.hours(1)
"""What IAM gives at least, and at most to who assumes a role from another one. The command line and boto3 renew it."""


class Person(iam.Role):
    """A role that one principal may assume.

    A user must have proven a second factor. Of a role it cannot be asked: sessions of the Identity Center and of other
    federations lack the key, so the condition would shut out everybody, and where the key is missing it would let in
    access keys; there the identity provider asks for the second factor.
    """

    def __init__(self, scope: Construct, construct_id: str, principal: str, description: str) -> None:
        trusted = iam.ArnPrincipal(principal)
        second_factor = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
        super().__init__(
            scope,
            construct_id,
            assumed_by=trusted.with_conditions(second_factor) if ":user/" in principal else trusted,
            description=description,
            max_session_duration=SESSION,
        )

    def allow(
        self, sid: str, actions: Sequence[str], *resources: str, conditions: Mapping[str, object] | None = None
    ) -> None:
        """Grant the actions on exactly these resources."""
        self.add_to_policy(
            iam.PolicyStatement(sid=sid, actions=list(actions), resources=list(resources), conditions=conditions)
        )

    def allow_key(self, encryption: Encryption, *, decrypt: Sequence[str] = (), encrypt: Sequence[str] = ()) -> None:
        """Let it use the key through these services, where there is one."""
        for statement in encryption.statements(decrypt=decrypt, encrypt=encrypt):
            self.add_to_policy(statement)


def account_arn(service: str, name: str) -> str:
    """The ARN of something in this account and region."""
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{name}"
