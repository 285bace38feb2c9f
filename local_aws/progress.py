"""What the event source runner has done so far, as other processes read it."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from local_aws.state import write_atomically


@dataclass(frozen=True, slots=True)
class PumpProgress:
    """One mapping in one shard. Instants are epoch seconds UTC.

    Attributes:
        mapping_uuid: The mapping.
        stream_name: The stream it reads.
        function_name: The function it invokes.
        shard_id: The shard.
        seen: Records read from the shard, over all runs.
        done: Records processed.
        discarded: Records given up.
        invocations: Invocations in this run.
        tip_time: When the last reading began that found nothing new while nothing was under way.
        failing_since_time: When the first of the failures began after which no record was done; None if all is well.
        failures: How many of them.
        last_error: The last of them in words.
        is_finished: The shard is closed and read to its end.
    """

    mapping_uuid: str
    stream_name: str
    function_name: str
    shard_id: str
    seen: int = 0
    done: int = 0
    discarded: int = 0
    invocations: int = 0
    tip_time: float = 0.0
    failing_since_time: float | None = None
    failures: int = 0
    last_error: str = ""
    is_finished: bool = False

    @property
    def settled(self) -> int:
        """Records that need no further invocation."""
        return self.done + self.discarded

    @property
    def backlog(self) -> int:
        """Records read and not settled."""
        return self.seen - self.settled


@dataclass(frozen=True, slots=True)
class RunnerProgress:
    """The whole runner.

    Attributes:
        listed_time: When the last complete listing of mappings and shards began.
        pumps: One entry for each (mapping, shard).
    """

    listed_time: float
    pumps: tuple[PumpProgress, ...]

    def is_caught_up(self, since_s: float) -> bool:
        """Tell whether everything that was in the streams at `since_s` is settled."""
        return self.listed_time >= since_s and all(pump.is_finished or pump.tip_time >= since_s for pump in self.pumps)


def save_progress(path: Path, listed_time: float, pumps: Iterable[PumpProgress]) -> None:
    """Replace the progress file."""
    write_atomically(path, json.dumps({"listed_time": listed_time, "pumps": [asdict(pump) for pump in pumps]}))


def load_progress(path: Path) -> RunnerProgress:
    """Read the progress file; a missing one means that nothing has been listed."""
    if not path.exists():
        return RunnerProgress(0.0, ())
    content = json.loads(path.read_text(encoding="utf-8"))
    return RunnerProgress(content["listed_time"], tuple(PumpProgress(**pump) for pump in content["pumps"]))
