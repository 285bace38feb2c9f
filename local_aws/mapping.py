"""An event source mapping as the Lambda API describes it, reduced to what a runner needs."""

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

ENDLESS = -1
StartingPosition = Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """One Kinesis stream feeding one function, with the rules for failures.

    Attributes:
        uuid: Identity of the mapping; a replaced mapping has a new one and starts anew.
        stream_arn: The stream it reads.
        stream_epoch: When the stream was created, as text; empty while there is none, or nobody has asked.
        function_arn: The function it invokes (with the qualifier, if it has one).
        is_polled_by_service: The service itself polls for this mapping as well.
        batch_size: Records in one invocation at most.
        window_s: Seconds to gather records before a batch that is not full is sent.
        starting_position: Where a shard without a checkpoint is entered.
        starting_time: Epoch seconds of an `AT_TIMESTAMP` start.
        max_retries: Failed tries allowed after the first one; -1 for no limit.
        max_age_s: Records older than this are discarded; -1 for no limit.
        is_bisecting: A failed batch is split in two before the next try.
        is_reporting: The function names the records that failed (`ReportBatchItemFailures`).
        failure_destination: ARN of a bucket, queue or topic for what is given up, or None.
        ignored_settings: Settings it carries that this platform does not apply.
    """

    uuid: str
    stream_arn: str
    function_arn: str
    is_polled_by_service: bool = field(default=False, compare=False)
    batch_size: int = 100
    window_s: float = 0.0
    starting_position: StartingPosition = "TRIM_HORIZON"
    starting_time: float | None = None
    max_retries: int = ENDLESS
    max_age_s: int = ENDLESS
    is_bisecting: bool = False
    is_reporting: bool = False
    failure_destination: str | None = None
    ignored_settings: tuple[str, ...] = ()
    stream_epoch: str = ""

    @property
    def function_name(self) -> str:
        """The bare function name."""
        return self.function_arn.split(":")[6]

    @property
    def stream_name(self) -> str:
        """The bare stream name."""
        return self.stream_arn.partition("/")[2]

    @classmethod
    def from_api(cls, description: Dictionary[str, Any]) -> "EventSourceMapping":
        """Read one entry of `ListEventSourceMappings`."""
        on_failure = (description.get("DestinationConfig") or {}).get("OnFailure") or {}
        return cls(
            uuid=description["UUID"],
            stream_arn=description["EventSourceArn"],
            function_arn=description["FunctionArn"],
            is_polled_by_service=description.get("State") in {"Enabled", "Enabling"},
            batch_size=int(description.get("BatchSize") or 100),
            window_s=float(description.get("MaximumBatchingWindowInSeconds") or 0),
            starting_position=description.get("StartingPosition") or "TRIM_HORIZON",
            starting_time=_epoch_s(description.get("StartingPositionTimestamp")),
            max_retries=_limit(description.get("MaximumRetryAttempts")),
            max_age_s=_limit(description.get("MaximumRecordAgeInSeconds")),
            is_bisecting=bool(description.get("BisectBatchOnFunctionError")),
            is_reporting="ReportBatchItemFailures" in (description.get("FunctionResponseTypes") or ()),
            failure_destination=on_failure.get("Destination"),
            ignored_settings=_ignored_settings(description),
        )


def is_kinesis(description: Dictionary[str, Any]) -> bool:
    """Tell whether an entry of `ListEventSourceMappings` reads a Kinesis stream and is not being deleted."""
    return ":kinesis:" in description.get("EventSourceArn", "") and description.get("State") != "Deleting"


def _limit(value: int | str | None) -> int:
    return ENDLESS if value is None else int(value)


def _epoch_s(value: datetime | float | None) -> float | None:
    return value.timestamp() if isinstance(value, datetime) else value


def _ignored_settings(description: Dictionary[str, Any]) -> tuple[str, ...]:
    present = {
        "FilterCriteria": bool((description.get("FilterCriteria") or {}).get("Filters")),
        "TumblingWindowInSeconds": bool(description.get("TumblingWindowInSeconds")),
        "ParallelizationFactor": int(description.get("ParallelizationFactor") or 1) > 1,
    }
    return tuple(name for name, is_present in present.items() if is_present)
