"""Shards of a stream: which may be read now, and where a shard is entered."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from local_aws.checkpoints import Checkpoint
from local_aws.mapping import EventSourceMapping


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard and the shards it was split or merged from."""

    shard_id: str
    parent_ids: tuple[str, ...] = ()


def readable_shards(
    listed: Iterable[Shard], *, finished: Collection[str], running: Collection[str]
) -> tuple[Shard, ...]:
    """Choose the shards to start reading: not finished, not running, and no parent with records still to come.

    A parent that is no longer listed has expired, so it holds nothing back unless it is still being delivered.
    """
    shards = tuple(listed)
    listed_ids = {shard.shard_id for shard in shards}
    waiting_for = (listed_ids - set(finished)) | set(running)
    return tuple(
        shard
        for shard in shards
        if shard.shard_id not in finished
        and shard.shard_id not in running
        and not waiting_for.intersection(shard.parent_ids)
    )


def first_checkpoint(mapping: EventSourceMapping, *, is_known_mapping: bool, now_s: float) -> Checkpoint:
    """Choose where a shard without a checkpoint is entered.

    A shard that appears after the mapping began is a child (or a sibling) of shards it follows, so it is read
    from its start. `LATEST` is fixed to a time, so that a restart before the first record skips nothing.
    """
    if is_known_mapping or mapping.starting_position == "TRIM_HORIZON":
        return Checkpoint()
    if mapping.starting_position == "LATEST":
        return Checkpoint(start_time=now_s)
    return Checkpoint(start_time=mapping.starting_time)
