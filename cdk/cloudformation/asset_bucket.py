"""The bucket of published files that `make publish` creates: private, encrypted, for this account alone."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FIRST_REGION = "us-east-1"
"""The one region that S3 wants unnamed when a bucket is created."""


def create_bucket(s3: "S3Client", bucket: str, region: str) -> None:
    """Create it and protect it before anything is in it.

    It keeps no versions: names say what is inside, so no file is ever replaced by another.
    """
    place: Any = {} if region == _FIRST_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, ObjectOwnership="BucketOwnerEnforced", **place)
    everything = {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(everything, True))  # type: ignore[arg-type]  # its four keys
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}],
        },
    )
    # An emulator has no TLS; there, such a bucket could never be filled.
    if s3.meta.endpoint_url.startswith("https:"):
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(tls_only(f"arn:{s3.meta.partition}:s3:::{bucket}")))


def tls_only(arn: str) -> dict[str, object]:
    """A policy that denies whatever comes without TLS."""
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
