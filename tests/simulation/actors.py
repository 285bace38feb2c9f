"""Actors that advance one store call at a time, in an order that a seed decides.

An actor runs real code in a greenlet: a stack of its own that runs only while the scheduler lets it. The scheduler
hands it the fate of its next call and gets control back at the call after that. So a schedule is a pure function of its
seed, and every interleaving of calls can happen.
"""

import random
from collections.abc import Callable
from enum import Enum, auto

from greenlet import getcurrent, greenlet


class Kill(BaseException):
    """The process of the invocation died here."""


class Fate(Enum):
    """What becomes of one call."""

    DONE = auto()
    REFUSED = auto()
    """Nothing happened, and the caller knows that it failed."""
    REPLY_LOST = auto()
    """It happened, and the caller is told that it failed."""
    KILLED_BEFORE = auto()
    KILLED_AFTER = auto()
    LATE = auto()
    """The caller dies waiting; the request is still on its way and lands later."""
    RESENT = auto()
    """It happened, the reply was lost, and the SDK sent it again: the caller sees the second answer."""


FAULTS = [fate for fate in Fate if fate is not Fate.DONE]


def draw_fate(chance: random.Random, rate: float) -> Fate:
    """A fault with this probability, all kinds alike."""
    return chance.choice(FAULTS) if chance.random() < rate else Fate.DONE


class Actor:
    """One invocation, advanced call by call."""

    def __init__(self, work: Callable[[], object], name: str = "") -> None:
        self.name = name
        self.steps = 0
        self.is_done = False
        self.is_killed = False
        self.error: Exception | None = None
        self.result: object = None
        self._work = work
        self._scheduler = getcurrent()
        self._stack = greenlet(self._run)

    def step(self, fate: Fate = Fate.DONE) -> None:
        """Give the pending call its fate and run up to the next one, or to the end."""
        self.steps += 1
        self._stack.switch(fate)

    def pause(self) -> Fate:
        """Called by the actor itself before a store call: wait for its turn."""
        fate: Fate = self._scheduler.switch()
        return fate

    def _run(self, _fate: Fate) -> None:
        try:
            self.result = self._work()
        except Kill:
            self.is_killed = True
        except Exception as error:  # noqa: BLE001  the scheduler judges it
            self.error = error
        self.is_done = True
