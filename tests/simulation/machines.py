"""How many machines of hypothesis are played per commit and in a long run, and how blindness is found out."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test


def play_200(machine: type[RuleBasedStateMachine], steps: int) -> None:
    """The same 200 machines each time."""
    run_state_machine_as_test(machine, settings=_same(200, steps))


def play_5_000(machine: type[RuleBasedStateMachine], steps: int) -> None:
    """Other machines in each run."""
    run_state_machine_as_test(machine, settings=settings(_same(5_000, steps), derandomize=False))


def notice(machine: type[RuleBasedStateMachine], steps: int) -> None:
    """One of at most 1,000 machines must find that something is wrong. It need not be shrunk."""
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=settings(_same(1_000, steps), phases=[Phase.generate]))


def _same(machines: int, steps: int) -> settings:
    return settings(
        max_examples=machines,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
