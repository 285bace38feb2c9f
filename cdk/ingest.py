"""The way in: the stream, and the bucket for batches that were given up."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk.buckets import private_bucket
from cdk.config import Config
from cdk.encryption import Encryption

STREAM_RETENTION = Duration.hours(48)
FAILURE_RETENTION = Duration.days(30)


def stream_name(config: Config) -> str:
    """Name of the stream."""
    return f"{config.prefix}-events"


class Ingest(Construct):
    """Kinesis stream and failure bucket.

    Attributes:
        stream: Carries every event for 48 hours.
        failures: Whole batches, payload included, that no function could process.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, config: Config, encryption: Encryption, logs: s3.IBucket
    ) -> None:
        super().__init__(scope, construct_id)
        is_provisioned = config.stream_mode == "provisioned"
        self.stream = kinesis.Stream(
            self,
            "Stream",
            stream_name=stream_name(config),
            stream_mode=kinesis.StreamMode.PROVISIONED if is_provisioned else kinesis.StreamMode.ON_DEMAND,
            shard_count=config.stream_shard_count if is_provisioned else None,
            retention_period=STREAM_RETENTION,
            encryption=kinesis.StreamEncryption.KMS if encryption.key else kinesis.StreamEncryption.MANAGED,
            encryption_key=encryption.key,
            removal_policy=RemovalPolicy.DESTROY if config.is_disposable else RemovalPolicy.RETAIN,
        )
        # The objects hold personal data, so they do not outlive the time in which someone recovers them.
        expiry = s3.LifecycleRule(id="failed-batches", expiration=FAILURE_RETENTION)
        self.failures = private_bucket(self, "Failures", config, [expiry], key=encryption.key, logs=logs)
