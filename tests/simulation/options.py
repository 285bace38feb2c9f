"""What the simulated schedules contain."""

from typing import NamedTuple


class Options(NamedTuple):
    """What a campaign of schedules contains."""

    steps: int = 220
    fault_rate: float = 0.12
    zombie_rate: float = 0.02
    tries: int | None = 4
    """Tries before a batch is given up and put aside; None never gives up."""
    has_two_mappings: bool = True
    has_deployments: bool = True
    has_new_streams: bool = True
