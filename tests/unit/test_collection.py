"""The garbage collector is off during a batch, and on again whatever happens."""

import gc

import pytest

from clickstream.intake.collection import paused


@paused()
def fail() -> None:
    """Raise within two pauses."""
    with paused():
        assert not gc.isenabled()
    assert not gc.isenabled()
    raise ZeroDivisionError


def test_the_collector_is_off_meanwhile_and_on_again_after_an_error() -> None:
    """Also where one pause lies within another."""
    with pytest.raises(ZeroDivisionError):
        fail()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    """Whoever has switched it off decides when it is on again."""
    gc.disable()
    try:
        with paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
