"""The keyed pseudonym that takes the place of a user id."""

import hmac
from functools import lru_cache
from typing import NamedTuple

_CACHE = 50_000


class Pseudonym(NamedTuple):
    """The key that turns user_id into a pseudonym, and the id that says which key it was."""

    key_id: str
    key: bytes

    def of(self, user_id: str) -> str:
        """HMAC-SHA-256 of the id, 32 hex digits."""
        return _digest(self.key, user_id)


@lru_cache(_CACHE)
def _digest(key: bytes, user_id: str) -> str:
    return hmac.digest(key, user_id.encode(), "sha256").hex()[:32]
