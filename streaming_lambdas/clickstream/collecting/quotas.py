"""How many events a name may send in a minute, kept by all containers together without a write for each request.

A container leases a share of what is left of the minute, and spends it alone. Shares shrink with what is left: at the
end they are as small as one request, so nothing is held back that somebody else could use.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

WINDOW_S = 60
SHARE = 32
"""A lease is this part of what is left: writes grow with the logarithm of the limit, not with requests."""
KEPT_S = 3_600
"""Seconds after its minute until an item may be deleted."""
_FORGET_ABOVE = 1_000


@dataclass(frozen=True)
class Claim:
    """The answer to a claim: whether it was granted, and how much of the limit is taken now."""

    is_granted: bool
    taken: int


class Claims(Protocol):
    """Where the containers meet."""

    def claim(self, name: str, window: int, wanted: int, limit: int, expires_at: int) -> Claim:
        """Take so much of the window if that stays within the limit. Raises `InfrastructureError`; may have taken it.

        `window` is the start of the minute and `expires_at` the end of the item, both epoch seconds.
        """


@dataclass
class _Lease:
    """What this container holds in one window; `free` is the most that others have left, as last heard."""

    window: int
    free: int
    held: int = 0


class Quotas:
    """The limits as one container keeps them.

    Args:
        claims: Where the containers meet.
        limit: Events in a minute for each name; 0 for no limit.
    """

    def __init__(self, claims: Claims, limit: int) -> None:
        self._claims, self._limit = claims, limit
        self._leases: dict[str, _Lease] = {}

    def wait_s(self, name: str, events: int, now: datetime) -> int:
        """Spend events of a name: 0 if they are within its limit, else seconds until it is worth trying again.

        Raises:
            InfrastructureError: The claim could not be made, so nobody knows.
        """
        if not self._limit:
            return 0
        seconds = int(now.timestamp())
        lease = self._lease(name, seconds - seconds % WINDOW_S)
        if lease.held < events:
            self._extend(lease, name, events - lease.held)
        if lease.held < events:
            return lease.window + WINDOW_S - seconds
        lease.held -= events
        return 0

    def _lease(self, name: str, window: int) -> _Lease:
        lease = self._leases.get(name)
        if lease is None or lease.window != window:
            if len(self._leases) >= _FORGET_ABOVE:
                self._leases.clear()
            lease = self._leases[name] = _Lease(window, free=self._limit)
        return lease

    def _extend(self, lease: _Lease, name: str, needed: int) -> None:
        """Claim a share, or as much as is needed; a refusal says what is left, and that only becomes less."""
        while needed <= lease.free:
            wanted = max(needed, lease.free // SHARE)
            claim = self._claims.claim(name, lease.window, wanted, self._limit, lease.window + WINDOW_S + KEPT_S)
            lease.free = max(0, self._limit - claim.taken)
            if claim.is_granted:
                lease.held += wanted
                return
