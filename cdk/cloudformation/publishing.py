"""Published files into a bucket. Names say what is inside, so a file that is there stays as it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from cdk.cloudformation.asset_bucket import create_bucket
from cdk.cloudformation.folder import ASSETS
from cdk.cloudformation.root import default_bucket
from clickstream.errors import ConfigError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def publish(session: boto3.Session, folder: Path, bucket: str, prefix: str) -> Iterator[str]:
    """Upload what is missing; yield the key of every file that was.

    Args:
        session: Account and region.
        folder: As `write_folder` left it.
        bucket: Where to; empty for the default bucket, which is created if it is missing.
        prefix: Start of the keys.

    Raises:
        ConfigError: The templates have not been written, or the bucket is missing, elsewhere or somebody else's.
    """
    files = sorted((folder / ASSETS).glob("*"))
    if not files:
        raise ConfigError(f"{folder} holds no templates: run `make template`")
    s3: S3Client = session.client("s3")
    account = session.client("sts").get_caller_identity()["Account"]
    bucket = bucket or _ensure_default(s3, account, session.region_name)
    _check(s3, bucket, account, session.region_name)
    there = _sizes(s3, bucket, prefix)
    for path in files:
        key = prefix + path.name
        if there.get(key) != path.stat().st_size:
            s3.upload_file(str(path), bucket, key, {"ExpectedBucketOwner": account})
            yield key


def _ensure_default(s3: "S3Client", account: str, region: str) -> str:
    bucket = default_bucket(account, region)
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] != "404":
            raise ConfigError(f"{bucket}: {error}; name another bucket") from error
        create_bucket(s3, bucket, region)
    return bucket


def _check(s3: "S3Client", bucket: str, account: str, region: str) -> None:
    try:
        found = s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except ClientError as error:
        raise ConfigError(f"{bucket}: {error}; it must be a bucket of account {account} in {region}") from error
    if (elsewhere := found.get("BucketRegion", region)) != region:
        raise ConfigError(f"{bucket} is in {elsewhere}: functions in {region} take their code from a bucket there")


def _sizes(s3: "S3Client", bucket: str, prefix: str) -> dict[str, int]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", ())}
