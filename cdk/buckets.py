"""How every bucket of the project is made."""

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk.config import Config

ACCESS_LOG_RETENTION = Duration.days(90)
_ALGORITHM = "s3:x-amz-server-side-encryption"
_KEY_ID = f"{_ALGORITHM}-aws-kms-key-id"


def private_bucket(
    scope: Construct,
    construct_id: str,
    config: Config,
    rules: Sequence[s3.LifecycleRule],
    *,
    key: kms.IKey | None = None,
    logs: s3.IBucket | None = None,
) -> s3.Bucket:
    """Make an encrypted bucket without public access that answers TLS only and forgets aborted uploads.

    Its objects are immutable and named by content or generation, and what is erased must be gone at once, so it keeps
    no versions. A disposable stack takes its bucket along; on the emulator it goes with the emulator's state.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        config: Whether it is disposable.
        rules: When its objects go.
        key: Encrypts the objects; S3's own keys without it.
        logs: Gets a line for every access.
    """
    bucket = s3.Bucket(
        scope,
        construct_id,
        encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=key,
        bucket_key_enabled=True if key else None,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        server_access_logs_bucket=logs,
        server_access_logs_prefix=f"{construct_id.lower()}/" if logs else None,
        lifecycle_rules=[
            s3.LifecycleRule(id="aborted-uploads", abort_incomplete_multipart_upload_after=Duration.days(7)),
            *rules,
        ],
        removal_policy=RemovalPolicy.DESTROY if config.is_disposable else RemovalPolicy.RETAIN,
        auto_delete_objects=config.is_disposable and not config.is_local,
    )
    if key:
        _refuse_other_keys(bucket, key)
    return bucket


def access_log_bucket(scope: Construct, construct_id: str, config: Config) -> s3.Bucket:
    """The bucket for the access logs of the others. S3 delivers them only where its own keys encrypt."""
    expiry = s3.LifecycleRule(id="access-logs", expiration=ACCESS_LOG_RETENTION)
    return private_bucket(scope, construct_id, config, [expiry])


def _refuse_other_keys(bucket: s3.Bucket, key: kms.IKey) -> None:
    """Who asks for another encryption than the bucket's own is refused; who asks for none gets the bucket's."""
    for sid, name, wanted in (("OtherEncryption", _ALGORITHM, "aws:kms"), ("OtherKey", _KEY_ID, key.key_arn)):
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects("*")],
                conditions={"StringNotEquals": {name: wanted}, "Null": {name: "false"}},
            )
        )
