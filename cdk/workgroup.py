"""How a workgroup of Athena is made: nobody leaves its limit, its encryption or the place of its results behind."""

from aws_cdk import aws_athena as athena
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk.config import Config
from cdk.encryption import Encryption


def guarded_workgroup(
    scope: Construct,
    *,
    config: Config,
    encryption: Encryption,
    bucket: s3.Bucket,
    name: str,
    description: str,
    results: str,
) -> athena.CfnWorkGroup:
    """A workgroup that enforces its configuration; answers go to the bucket, below the prefix `results`."""
    return athena.CfnWorkGroup(
        scope,
        "Workgroup",
        name=name,
        description=description,
        recursive_delete_option=config.is_disposable,
        work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
            enforce_work_group_configuration=True,
            publish_cloud_watch_metrics_enabled=True,
            requester_pays_enabled=False,
            bytes_scanned_cutoff_per_query=config.scan_limit_gb * 1024**3,
            engine_version=athena.CfnWorkGroup.EngineVersionProperty(selected_engine_version="Athena engine version 3"),
            result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                output_location=f"s3://{bucket.bucket_name}/{results}/",
                encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                    encryption_option="SSE_KMS" if encryption.key else "SSE_S3",
                    kms_key=encryption.key.key_arn if encryption.key else None,
                ),
            ),
        ),
    )
