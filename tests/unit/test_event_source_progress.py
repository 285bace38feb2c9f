"""Checkpoints and progress on disk, and what a waiting person is told about them."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from local_aws.checkpoints import Checkpoint, CheckpointStore
from local_aws.errors import PlatformError
from local_aws.progress import PumpProgress, RunnerProgress, load_progress, save_progress
from local_aws.server_record import server_lock
from local_aws.state import StateFolder
from local_aws.waiting import is_stuck, wait_until_caught_up

NOW_S = 1_000.0
SHARD = "shardId-000000000000"


def _pump(**changes: object) -> PumpProgress:
    base = {"mapping_uuid": "u", "stream_name": "clicks", "function_name": "count", "shard_id": SHARD}
    return PumpProgress(**(base | changes))  # type: ignore[arg-type]  # every test names fields of the right type


def _console() -> Console:
    return Console(file=StringIO())


def test_a_checkpoint_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    """A new process continues where the last one was."""
    checkpoint = Checkpoint(start_time=5.0).advance("42", done=3, discarded=1)
    CheckpointStore(tmp_path).save("u", "1", SHARD, checkpoint)
    store = CheckpointStore(tmp_path)
    assert store.load("u", "1", SHARD) == checkpoint == Checkpoint("42", start_time=5.0, done=3, discarded=1)
    assert (store.knows("u"), store.knows("v")) == (True, False)
    assert store.load("u", "1", "other") is None
    assert store.load("u", "2", SHARD) is None


def test_saving_leaves_no_half_written_file(tmp_path: Path) -> None:
    """A checkpoint folder holds checkpoints only."""
    store = CheckpointStore(tmp_path)
    for done in range(3):
        store.save("u", "1", SHARD, Checkpoint(done=done))
    assert [path.name for path in (tmp_path / "u" / "1").iterdir()] == [f"{SHARD}.json"]


def test_progress_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    """Other processes see what the runner saw."""
    pump = _pump(seen=10, done=4, discarded=1, last_error="x")
    save_progress(tmp_path / "progress.json", NOW_S, [pump])
    assert load_progress(tmp_path / "progress.json") == RunnerProgress(NOW_S, (pump,))
    assert (pump.settled, pump.backlog) == (5, 5)


@pytest.mark.parametrize(
    ("listed_time", "pumps", "expected"),
    [
        pytest.param(NOW_S + 1, [], True, id="no mapping at all"),
        pytest.param(NOW_S - 1, [], False, id="mappings not listed since"),
        pytest.param(NOW_S + 1, [_pump(tip_time=NOW_S)], True, id="every shard was at its tip since"),
        pytest.param(NOW_S + 1, [_pump(tip_time=NOW_S), _pump(tip_time=NOW_S - 1)], False, id="one was not"),
        pytest.param(NOW_S + 1, [_pump(is_finished=True)], True, id="closed shards are finished"),
    ],
)
def test_caught_up_means_a_look_after_the_question(
    listed_time: float, pumps: list[PumpProgress], *, expected: bool
) -> None:
    """Records put just before the question are not overlooked because the last look was older."""
    assert RunnerProgress(listed_time, tuple(pumps)).is_caught_up(NOW_S) == expected


@pytest.mark.parametrize(
    ("failures", "since", "expected"),
    [(0, None, False), (50, NOW_S - 5, False), (3, NOW_S - 100, False), (5, NOW_S - 100, True)],
)
def test_a_pump_is_stuck_after_many_failures_and_a_while(failures: int, since: float | None, *, expected: bool) -> None:
    """A split in progress or a short outage is not yet a reason to give up waiting."""
    assert is_stuck(_pump(failures=failures, failing_since_time=since), NOW_S, 20.0) == expected


def _wait(state: StateFolder) -> RunnerProgress:
    ticks = iter([NOW_S, NOW_S + 10, NOW_S + 20])
    return wait_until_caught_up(state, _console(), timeout_s=15.0, patience_s=5.0, clock=lambda: next(ticks))


def test_waiting_ends_when_all_is_settled(tmp_path: Path) -> None:
    """The counts come back to the caller."""
    state = StateFolder.at(tmp_path)
    save_progress(state.progress_file, NOW_S, [_pump(seen=2, done=2, tip_time=NOW_S)])
    with server_lock(state):
        assert _wait(state).pumps[0].done == 2


def test_waiting_ends_with_the_last_error_of_a_failing_function(tmp_path: Path) -> None:
    """The sentence names the function, the shard and what the function said."""
    state = StateFolder.at(tmp_path)
    pump = _pump(seen=2, failures=9, failing_since_time=NOW_S, last_error="KeyError: user")
    save_progress(state.progress_file, NOW_S, [pump])
    with server_lock(state), pytest.raises(PlatformError, match=r"count has failed 9 times.*KeyError: user"):
        _wait(state)


def test_waiting_ends_when_the_time_is_over(tmp_path: Path) -> None:
    """The sentence says how much is open."""
    state = StateFolder.at(tmp_path)
    save_progress(state.progress_file, NOW_S, [_pump(seen=7, done=2)])
    with server_lock(state), pytest.raises(PlatformError, match="5 records read are still open"):
        _wait(state)


def test_waiting_ends_when_the_platform_is_gone(tmp_path: Path) -> None:
    """Nobody waits for a server that does not run."""
    with pytest.raises(PlatformError, match="stopped"):
        _wait(StateFolder.at(tmp_path))
