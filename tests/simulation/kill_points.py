"""Stores that fail at one chosen call, over all of them together: before it takes effect, or after."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from clickstream.errors import InfrastructureError

WRITES = {"put", "put_new", "put_revision", "upload", "delete", "create", "update"}


class Killed(Exception):  # noqa: N818  the process ends here; nothing catches it
    """The worker dies."""


class KillPoint:
    """The n-th call of the stores behind it fails; of those that write, if it is to take effect first."""

    def __init__(self, at_call: int, error: Exception, *, takes_effect: bool) -> None:
        self._at_call, self._error, self.takes_effect = at_call, error, takes_effect
        self._calls = 0

    @property
    def is_passed(self) -> bool:
        """Whether the call has happened."""
        return self._calls > self._at_call

    def guard(self, store: Any) -> Any:
        """The store behind this point."""
        return _Guarded(store, self)

    def call(self, method: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """One call."""
        self._calls += 1
        if self._calls - 1 != self._at_call:
            return method(*arguments, **options)
        if self.takes_effect:
            method(*arguments, **options)
        raise self._error


class _Guarded:
    def __init__(self, store: Any, point: KillPoint) -> None:
        self._store, self._point = store, point

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._store, name)
        if not callable(value):
            return value
        if self._point.takes_effect and name not in WRITES:
            return value
        return lambda *arguments, **options: self._point.call(value, *arguments, **options)


def kill_points(
    limit: int = 500, errors: Iterable[Exception] = (Killed("dead"), InfrastructureError("no reply"))
) -> Iterator[KillPoint]:
    """Every kind of failure at every call, until none is left that a run comes to. A run must happen between two."""
    for error in errors:
        for takes_effect in (False, True):
            for at_call in range(limit):
                point = KillPoint(at_call, error, takes_effect=takes_effect)
                yield point
                if not point.is_passed:
                    break
            else:
                raise AssertionError(f"more than {limit} calls")
