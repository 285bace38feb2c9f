"""Which shards are read now, and where a shard is entered."""

import pytest

from local_aws.checkpoints import Checkpoint
from local_aws.mapping import EventSourceMapping, StartingPosition
from local_aws.shards import Shard, first_checkpoint, readable_shards

PARENT_A, PARENT_B = Shard("a"), Shard("b")
CHILD, MERGED = Shard("c", ("a",)), Shard("d", ("a", "b"))


@pytest.mark.parametrize(
    ("listed", "finished", "running", "expected"),
    [
        pytest.param([PARENT_A, PARENT_B], "", "", "ab", id="siblings start together"),
        pytest.param([PARENT_A, CHILD], "", "", "a", id="a child waits for its parent"),
        pytest.param([PARENT_A, CHILD], "", "a", "", id="also while the parent is being read"),
        pytest.param([PARENT_A, CHILD], "a", "", "c", id="a finished parent releases its child"),
        pytest.param([PARENT_A, PARENT_B, MERGED], "a", "b", "", id="a merged shard waits for both"),
        pytest.param([PARENT_A, PARENT_B, MERGED], "ab", "", "d", id="both parents finished"),
        pytest.param([CHILD], "", "", "c", id="an expired parent holds nothing back"),
        pytest.param([CHILD], "", "a", "", id="an expired parent that is still being delivered does"),
        pytest.param([CHILD], "c", "", "", id="a finished shard is not read again"),
    ],
)
def test_parents_come_before_children(listed: list[Shard], finished: str, running: str, expected: str) -> None:
    """A shard is started when nothing of its parents is left to deliver."""
    chosen = readable_shards(listed, finished=set(finished), running=set(running))
    assert "".join(shard.shard_id for shard in chosen) == expected


@pytest.mark.parametrize(
    ("position", "is_known_mapping", "expected"),
    [
        pytest.param("TRIM_HORIZON", False, Checkpoint(), id="from the start"),
        pytest.param("LATEST", False, Checkpoint(start_time=50.0), id="from now, fixed as a time"),
        pytest.param("AT_TIMESTAMP", False, Checkpoint(start_time=7.0), id="from the given time"),
        pytest.param("LATEST", True, Checkpoint(), id="a shard that appears later is read whole"),
    ],
)
def test_a_new_shard_is_entered_where_the_mapping_says(
    position: StartingPosition, *, is_known_mapping: bool, expected: Checkpoint
) -> None:
    """The starting position counts for the shards that exist when the mapping begins, and only for those."""
    mapping = EventSourceMapping("uuid", "stream", "function", starting_position=position, starting_time=7.0)
    assert first_checkpoint(mapping, is_known_mapping=is_known_mapping, now_s=50.0) == expected
