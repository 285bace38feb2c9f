"""A role of the stack: statements with names, and the key through the services that it uses."""

from collections.abc import Mapping, Sequence

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from cdk.encryption import Encryption


class StackRole(iam.Role):
    """A role whose policy is put together from named statements."""

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
