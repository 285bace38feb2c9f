"""The event source runner's side of the AWS APIs: listing, invoking, giving up, checkpointing."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

from local_aws.access import client_config
from local_aws.checkpoints import Checkpoint, CheckpointStore
from local_aws.deliverer import Reply
from local_aws.failures import FailureDestinations, GivenUp
from local_aws.mapping import EventSourceMapping, is_kinesis
from local_aws.shards import Shard

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient

_log = logging.getLogger("local_aws.event_source")
_LONGEST_FUNCTION_S = 900


@dataclass(frozen=True, slots=True)
class ServicePorts:
    """The service clients of a runner; thread-safe, so all pumps share them."""

    kinesis: "KinesisClient"
    functions: "LambdaClient"
    destinations: FailureDestinations

    @classmethod
    def connect(cls, session: boto3.session.Session, url: str) -> "ServicePorts":
        """Create the clients for one endpoint; an invocation is given longer than any function may run."""
        config = client_config()
        slow = client_config(read_timeout_s=_LONGEST_FUNCTION_S + 30)
        return cls(
            kinesis=session.client("kinesis", endpoint_url=url, config=config),
            functions=session.client("lambda", endpoint_url=url, config=slow),
            destinations=FailureDestinations(
                session.client("s3", endpoint_url=url, config=config),
                session.client("sqs", endpoint_url=url, config=config),
                session.client("sns", endpoint_url=url, config=config),
            ),
        )

    def mappings(self) -> tuple[EventSourceMapping, ...]:
        """List the Kinesis mappings, whatever their state."""
        pages = self.functions.get_paginator("list_event_source_mappings").paginate()
        entries = [entry for page in pages for entry in page["EventSourceMappings"]]
        return tuple(EventSourceMapping.from_api(entry) for entry in entries if is_kinesis(entry))

    def shards(self, stream_arn: str) -> tuple[Shard, ...]:
        """List the shards of a stream; none if it does not exist."""
        try:
            pages = self.kinesis.get_paginator("list_shards").paginate(StreamARN=stream_arn)
            shards = [shard for page in pages for shard in page["Shards"]]
        except self.kinesis.exceptions.ResourceNotFoundException:
            return ()
        return tuple(
            Shard(
                shard["ShardId"],
                tuple(filter(None, (shard.get("ParentShardId"), shard.get("AdjacentParentShardId")))),
            )
            for shard in shards
        )

    def stream_epoch(self, stream_arn: str) -> str:
        """Return when the stream was created, epoch seconds as text; empty if it does not exist."""
        try:
            found = self.kinesis.describe_stream_summary(StreamARN=stream_arn)
        except self.kinesis.exceptions.ResourceNotFoundException:
            return ""
        return f"{found['StreamDescriptionSummary']['StreamCreationTimestamp'].timestamp():.3f}"

    def switch_off_service_polling(self, mapping: EventSourceMapping) -> None:
        """Disable the service's own poller for a mapping; two pollers would deliver everything twice."""
        self.functions.update_event_source_mapping(UUID=mapping.uuid, Enabled=False)
        _log.info("disabled service polling mapping=%s function=%s", mapping.uuid, mapping.function_name)


@dataclass(frozen=True, slots=True)
class PumpPorts:
    """The outside world of one pump: its function, its failure destination, its checkpoint."""

    services: ServicePorts
    store: CheckpointStore
    mapping: EventSourceMapping
    shard_id: str
    clock: Callable[[], float]

    def invoke(self, payload: bytes) -> Reply:
        """Run the function synchronously."""
        response = self.services.functions.invoke(FunctionName=self.mapping.function_arn, Payload=payload)
        return Reply(response["Payload"].read(), is_function_error="FunctionError" in response)

    def give_up(self, given_up: GivenUp) -> None:
        """Send records to the mapping's on-failure destination."""
        self.services.destinations.send(self.mapping, given_up, time_s=self.clock())

    def save(self, checkpoint: Checkpoint) -> None:
        """Keep the position on disk."""
        self.store.save(self.mapping.uuid, self.mapping.stream_epoch, self.shard_id, checkpoint)
