"""How a role for people is made: who may assume it, and for how long."""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.stack_role import StackRole

SESSION = Duration.hours(1)
"""What IAM gives at least, and at most to who assumes a role from another one. The command line and boto3 renew it."""


class Person(StackRole):
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
