"""How every bucket of the project is made."""

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk.config import Config


def private_bucket(scope: Construct, construct_id: str, config: Config, rules: Sequence[s3.LifecycleRule]) -> s3.Bucket:
    """Make an encrypted bucket without public access that answers TLS only and forgets aborted uploads.

    Its objects are immutable and named by content or generation, so it keeps no versions. A disposable stack takes
    its bucket along; on the emulator the bucket goes with the emulator's state.
    """
    return s3.Bucket(
        scope,
        construct_id,
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        lifecycle_rules=[
            s3.LifecycleRule(id="aborted-uploads", abort_incomplete_multipart_upload_after=Duration.days(7)),
            *rules,
        ],
        removal_policy=RemovalPolicy.DESTROY if config.is_disposable else RemovalPolicy.RETAIN,
        auto_delete_objects=config.is_disposable and not config.is_local,
    )
