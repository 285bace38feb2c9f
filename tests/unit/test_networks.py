"""What is kept of network addresses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.enrichment import networks
from clickstream.enrichment.networks import network


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.77", "203.0.113.0"),
        (" 203.0.113.77 ", "203.0.113.0"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("fe80::1%eth0", "fe80::"),
        ("203.0.113.77:443", None),
        ("203.0.113.77, 10.0.0.1", None),
        ("joes-laptop.example", None),
        ("203.0.113.077", None),
        ("", None),
        (None, None),
    ],
)
def test_networks(address: str | None, expected: str | None) -> None:
    """Addresses lose their host part; what is no single address is not kept, since a name tells a person."""
    assert network(address) == expected


@settings(max_examples=300, deadline=None, database=None)
@given(st.ip_addresses())
def test_no_address_survives_whole(address: object) -> None:
    """Of any address at most 24 or 48 bits are left."""
    kept = network(str(address))
    assert kept is not None
    assert kept.endswith((".0", "::"))


def test_a_long_text_is_no_address_and_is_not_remembered() -> None:
    """What cannot be an address costs no memory."""
    before = networks._network.cache_info().currsize
    assert network("1" * 8000) is None
    assert networks._network.cache_info().currsize == before
