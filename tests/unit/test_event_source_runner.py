"""The runner with its pumps: order of shards, restarts, replaced mappings, failure objects."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickstream.intake.kinesis import decode_batch
from local_aws.checkpoints import Checkpoint, CheckpointStore
from tests.unit.runner_platform import EPOCH, Platform, platform_of


@pytest.mark.parametrize(
    ("parents", "expected"),
    [
        pytest.param({"a": (), "b": ("a",), "c": ("a",)}, [{0}, {10, 20}], id="split"),
        pytest.param({"a": (), "b": (), "c": ("a", "b")}, [{0, 10}, {20}], id="merge"),
        pytest.param({"c": ("b",), "b": ("a",), "a": ()}, [{20}, {10}, {0}], id="children listed first"),
    ],
)
def test_a_parent_is_read_to_its_end_before_its_children(
    tmp_path: Path, parents: dict[str, tuple[str, ...]], expected: list[set[int]]
) -> None:
    """After a split or a merge no record of a child is delivered before the last one of its parents."""
    platform = platform_of(tmp_path, parents=parents)
    platform.run()
    starts = [numbers[0] for numbers in platform.functions.invocations]
    for group in expected:
        assert set(starts[: len(group)]) == group
        starts = starts[len(group) :]
    assert starts == []


def test_a_batch_is_of_one_shard_and_of_the_batch_size_at_most(tmp_path: Path) -> None:
    """Records of two shards never meet in an invocation, and order within a shard is kept."""
    platform = platform_of(tmp_path, parents={"a": (), "b": ()}, BatchSize=2)
    platform.run()
    assert sorted(platform.functions.invocations) == [[0, 1], [2], [10, 11], [12]]


def test_a_restart_goes_on_behind_what_was_done(tmp_path: Path) -> None:
    """What the last process settled is not delivered again, in the middle of a shard and behind a finished one."""
    platform = platform_of(tmp_path, parents={"a": (), "b": ()})
    store = CheckpointStore(platform.state.checkpoint_folder)
    store.save("u", EPOCH, "a", Checkpoint(f"{0:056d}", done=1))
    store.save("u", EPOCH, "b", Checkpoint(f"{12:056d}", done=2, discarded=1, is_finished=True))
    platform.run()
    assert platform.functions.invocations == [[1, 2]]
    assert (platform.done("a"), platform.done("b")) == (3, 2)


def test_a_replaced_mapping_begins_at_the_oldest_record(tmp_path: Path) -> None:
    """A new mapping with TRIM_HORIZON knows nothing of the old one's checkpoints: everything is delivered again."""
    platform = platform_of(tmp_path)
    platform.run()
    platform.functions.mapping["UUID"] = "v"
    platform.run()
    assert platform.functions.invocations == [[0, 1, 2], [0, 1, 2]]
    assert platform.done("a", "v") == 3


def test_a_stream_that_is_made_anew_is_read_from_its_oldest_record(tmp_path: Path) -> None:
    """Under a mapping that lives on, its shards and numbers look like the old ones and are others."""
    platform = platform_of(tmp_path, StartingPosition="LATEST")
    platform.stream.numbers["a"] = []
    platform.run()
    platform.stream.numbers["a"] = [0, 1, 2]
    platform.stream.created += timedelta(seconds=90)
    platform.run()
    platform.run()
    platform.stream.created += timedelta(seconds=90)
    platform.run()
    assert platform.functions.invocations == [[0, 1, 2], [0, 1, 2]]
    assert platform.done("a") == 3


def test_pumps_of_the_old_stream_make_room(tmp_path: Path) -> None:
    """A stream made anew while the platform runs, its shards read to their end, is read without a restart."""
    platform = platform_of(tmp_path)

    def anew() -> None:
        platform.stream.created += timedelta(seconds=90)

    platform.run(between=anew)
    assert platform.functions.invocations == [[0, 1, 2], [0, 1, 2]]


def test_a_given_up_batch_is_an_object_that_can_be_fed_back(tmp_path: Path) -> None:
    """Key, condition, counts and payload are those of the service, and the payload is a batch for the handlers."""
    destination = {"OnFailure": {"Destination": "arn:aws:s3:::failures"}}
    rule: Callable[[list[int]], dict[str, Any] | None] = lambda numbers: None if 1 in numbers else {}  # noqa: E731  a rule
    platform = platform_of(
        tmp_path, rule, BisectBatchOnFunctionError=True, MaximumRetryAttempts=0, DestinationConfig=destination
    )
    platform.run()
    assert platform.functions.invocations == [[0, 1, 2], [0], [1, 2], [1], [2]]
    [(name, body)] = platform.s3.objects.items()
    assert name.startswith("failures/aws/lambda/u/a/1970/01/12/1970-01-12T13.46.40-")
    content = json.loads(body)
    assert content["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert content["requestContext"]["approximateInvokeCount"] == 3
    assert content["responseContext"]["functionError"] == "Unhandled"
    assert (content["KinesisBatchInfo"]["shardId"], content["KinesisBatchInfo"]["batchSize"]) == ("a", 1)
    batch = decode_batch(json.loads(content["payload"]))
    assert (batch.shard_id, [record.data for record in batch.records]) == ("a", [b"1"])


def test_a_report_is_followed_record_by_record(tmp_path: Path) -> None:
    """The lowest number named is where the next invocation begins, whatever else is named."""
    names = iter([[2, 1], []])

    def rule(_numbers: list[int]) -> dict[str, Any]:
        return {"batchItemFailures": [{"itemIdentifier": f"{number:056d}"} for number in next(names)]}

    platform = platform_of(tmp_path, rule, FunctionResponseTypes=["ReportBatchItemFailures"])
    platform.run()
    assert platform.functions.invocations == [[0, 1, 2], [1, 2]]


SPLIT_AND_MERGED: dict[str, tuple[str, ...]] = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
NUMBERS = st.sets(st.sampled_from([place * 10 + n for place in range(4) for n in range(3)]))


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(poison=NUMBERS, stops=st.sets(st.integers(0, 20), max_size=6), size=st.integers(1, 4))
def test_restarts_lose_nothing_and_keep_the_order(poison: set[int], stops: set[int], size: int) -> None:
    """However often the platform is stopped, good records are done, poison is given up, and parents come first."""
    rule: Callable[[list[int]], dict[str, Any] | None] = lambda numbers: None if poison & set(numbers) else {}  # noqa: E731  a rule
    with TemporaryDirectory() as folder:
        destination = {"OnFailure": {"Destination": "arn:aws:s3:::failures"}}
        settings_of = {"BatchSize": size, "BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 0}
        platform = platform_of(Path(folder), rule, SPLIT_AND_MERGED, DestinationConfig=destination, **settings_of)
        platform.functions.stops = stops
        for _ in range(len(stops) + 1):
            platform.run()
        assert sum(platform.done(shard_id) for shard_id in SPLIT_AND_MERGED) == 12 - len(poison)
        assert _given_up(platform) == sorted(poison)
        _check_order(platform)


def _given_up(platform: Platform) -> list[int]:
    bodies = [json.loads(body) for body in platform.s3.objects.values()]
    return sorted(int(body["KinesisBatchInfo"]["startSequenceNumber"]) for body in bodies)


def _check_order(platform: Platform) -> None:
    """No record of a child is delivered before the last delivery of its parents; within a shard numbers grow."""
    first: dict[int, int] = {}
    for numbers in platform.functions.invocations:
        for number in numbers:
            first.setdefault(number, len(first))
    for place, (_, parents) in enumerate(SPLIT_AND_MERGED.items()):
        own = [first[place * 10 + n] for n in range(3)]
        assert own == sorted(own)
        assert all(first[list(SPLIT_AND_MERGED).index(parent) * 10 + 2] < own[0] for parent in parents)
