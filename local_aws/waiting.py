"""Waiting until the event source runner has processed everything that is in the streams."""

import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from local_aws.errors import PlatformError
from local_aws.progress import PumpProgress, RunnerProgress, load_progress
from local_aws.server_record import is_locked
from local_aws.state import StateFolder

_LOOK_INTERVAL_S = 0.1
_FEW_FAILURES = 5


def wait_until_caught_up(
    state: StateFolder,
    console: Console,
    *,
    timeout_s: float,
    patience_s: float,
    clock: Callable[[], float] = time.time,
) -> RunnerProgress:
    """Return when everything that is in the streams now has been processed or given up.

    Args:
        state: The platform.
        console: Where the progress bar goes.
        timeout_s: Seconds to wait at most.
        patience_s: Seconds a function may keep failing without finishing a record.
        clock: Epoch seconds.

    Raises:
        PlatformError: The time is over, a function keeps failing, or the platform has stopped.
    """
    started = clock()
    columns = (SpinnerColumn(), TextColumn("records"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        bar = bars.add_task("records", total=None)
        while True:
            progress = load_progress(state.progress_file)
            seen = sum(pump.seen for pump in progress.pumps)
            bars.update(bar, completed=sum(pump.settled for pump in progress.pumps), total=seen)
            if progress.is_caught_up(started):
                return progress
            _raise_if_hopeless(state, progress, now_s=clock(), deadline_s=started + timeout_s, patience_s=patience_s)
            time.sleep(_LOOK_INTERVAL_S)


def _raise_if_hopeless(
    state: StateFolder, progress: RunnerProgress, *, now_s: float, deadline_s: float, patience_s: float
) -> None:
    if not is_locked(state):
        raise PlatformError(f"The platform stopped; see {state.log_folder}")
    for pump in progress.pumps:
        if is_stuck(pump, now_s, patience_s):
            raise PlatformError(
                f"{pump.function_name} has failed {pump.failures} times on the same record of "
                f"{pump.stream_name}/{pump.shard_id}. Last error: {pump.last_error}"
            )
    if now_s > deadline_s:
        backlog = sum(pump.backlog for pump in progress.pumps)
        errors = {pump.last_error for pump in progress.pumps if pump.failing_since_time is not None}
        detail = f" Last error: {'; '.join(sorted(errors))}" if errors else ""
        raise PlatformError(f"Not everything was processed in time: {backlog} records read are still open.{detail}")


def is_stuck(pump: PumpProgress, now_s: float, patience_s: float) -> bool:
    """Tell whether a pump has failed for longer than `patience_s` without finishing a record."""
    if pump.failing_since_time is None or pump.failures < _FEW_FAILURES:
        return False
    return now_s - pump.failing_since_time > patience_s
