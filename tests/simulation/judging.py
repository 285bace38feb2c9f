"""Whether a simulated schedule went wrong."""

from typing import Protocol

from clickstream.errors import ClickstreamError
from tests.simulation.stream import StuckError


class Runnable(Protocol):
    """A world with a schedule of its own."""

    def run(self) -> None:
        """Play the schedule."""

    def violations(self) -> list[str]:
        """Everything that is not exact, in words."""


def goes_wrong(world: Runnable) -> bool:
    """Whether the schedule of the world ends with a violation, an error, or not at all."""
    try:
        world.run()
        return bool(world.violations())
    except (ClickstreamError, StuckError):
        return True
