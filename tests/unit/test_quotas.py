"""Limits of write keys, kept by many containers through leases."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream.collecting.quotas import WINDOW_S, Claim, Quotas
from clickstream.errors import InfrastructureError

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@dataclass
class Items:
    """The table, with the one conditional write that it is used for."""

    taken: dict[tuple[str, int], int] = field(default_factory=dict)
    writes: int = 0
    is_silent: bool = False

    def claim(self, name: str, window: int, wanted: int, limit: int, expires_at: int) -> Claim:
        """As DynamoDB does it."""
        assert expires_at > window + WINDOW_S
        self.writes += 1
        if self.is_silent:
            raise InfrastructureError("nobody answers")
        now = self.taken.get((name, window), 0)
        if now + wanted > limit:
            return Claim(is_granted=False, taken=now)
        self.taken[name, window] = now + wanted
        return Claim(is_granted=True, taken=now + wanted)


@given(
    limit=st.integers(1, 5_000),
    sizes=st.lists(st.integers(1, 50), min_size=1, max_size=400),
    containers=st.integers(1, 8),
    seed=st.integers(0, 10_000),
)
def test_no_more_than_the_limit_passes(limit: int, sizes: list[int], containers: int, seed: int) -> None:
    """However requests are spread over containers, a minute never takes more events than its limit."""
    items, chance = Items(), random.Random(seed)  # noqa: S311  a script
    quotas = [Quotas(items, limit) for _ in range(containers)]
    passed = sum(size for size in sizes if not chance.choice(quotas).wait_s("shop", size, NOON))
    assert passed <= limit


@pytest.mark.parametrize("containers", [1, 3, 20])
def test_all_of_the_limit_can_be_used(containers: int) -> None:
    """Containers that are asked until they refuse let through exactly the limit."""
    items = Items()
    quotas = [Quotas(items, 10_000) for _ in range(containers)]
    passed = 0
    while any(asked := [not quota.wait_s("shop", 1, NOON) for quota in quotas]):
        passed += sum(asked)
    assert passed == 10_000


def test_requests_cost_no_write_each() -> None:
    """A hundred thousand requests of a minute are counted with a few hundred writes, refused ones with none."""
    items = Items()
    quotas = [Quotas(items, 100_000) for _ in range(4)]
    for number in range(100_000):
        assert quotas[number % 4].wait_s("shop", 1, NOON) == 0
    assert items.writes < 600
    for _ in range(1_000):
        assert quotas[0].wait_s("shop", 1, NOON)
    assert items.writes < 600


def test_refused_until_the_next_minute() -> None:
    """The wait ends with the minute, and then there is room again."""
    quotas = Quotas(Items(), 10)
    late = NOON + timedelta(seconds=45)
    assert quotas.wait_s("shop", 10, late) == 0
    assert quotas.wait_s("shop", 1, late) == 15
    assert quotas.wait_s("shop", 1, late + timedelta(seconds=15)) == 0


def test_a_smaller_request_still_fits() -> None:
    """What is left after a refusal is there for whoever needs less."""
    quotas = Quotas(Items(), 100)
    assert quotas.wait_s("shop", 90, NOON) == 0
    assert quotas.wait_s("shop", 20, NOON) > 0
    assert quotas.wait_s("shop", 10, NOON) == 0


def test_names_do_not_share() -> None:
    """One key at its limit takes nothing from another."""
    quotas = Quotas(Items(), 10)
    assert quotas.wait_s("shop", 10, NOON) == 0
    assert quotas.wait_s("blog", 10, NOON) == 0


def test_no_limit_needs_no_table() -> None:
    """Without a limit nothing is counted."""
    items = Items()
    assert Quotas(items, 0).wait_s("shop", 10**9, NOON) == 0
    assert items.writes == 0


def test_a_lost_claim_never_lets_more_through() -> None:
    """When the table does not answer the caller hears of it, and nothing was spent that was not claimed."""
    items = Items(is_silent=True)
    quotas = Quotas(items, 10)
    with pytest.raises(InfrastructureError):
        quotas.wait_s("shop", 1, NOON)
    items.is_silent = False
    assert quotas.wait_s("shop", 10, NOON) == 0
    assert items.taken == {("shop", int(NOON.timestamp())): 10}
