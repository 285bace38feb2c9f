"""What the simulated schedules contain."""

from datetime import timedelta
from typing import NamedTuple


class Options(NamedTuple):
    """What a campaign of schedules contains. Rates are chances per step, `fault_rate` is one per store call."""

    steps: int = 120
    fault_rate: float = 0.12
    zombie_rate: float = 0.02
    tries: int | None = 4
    """Tries before a batch is given up and put aside; None never gives up, as the deployed mapping."""
    has_two_mappings: bool = True
    has_deployments: bool = True
    has_new_streams: bool = True
    reshard_rate: float = 0.004
    """A shard is split, or two are merged."""
    outage_rate: float = 0.0
    """All services fail for 1 to 30 hours."""
    pause_rate: float = 0.0
    """Nothing runs for 1 to 15 days, and DynamoDB removes what has expired."""
    disaster_rate: float = 0.0
    """A backup of the tables is taken, or one of them is restored."""
    max_age: timedelta = timedelta(hours=12)
    """An older record is put aside without a try, as by the mapping's MaximumRecordAge."""
    retention: timedelta = timedelta(hours=24)
    """An older record is gone from the stream."""

    @property
    def is_transient(self) -> bool:
        """Whether every fault passes before a record grows too old: then nothing may be put aside."""
        return self.tries is None and not self.outage_rate and not self.pause_rate
