"""Network addresses: reading them, and the part that is kept. Pure, cached per text."""

import ipaddress
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_CACHE = 50_000
LONGEST = 64
"""Characters of the longest address text, with a zone; longer texts are none, and are not remembered."""


def network(address: str | None) -> str | None:
    """The network of an address: /24 of IPv4, /48 of IPv6. None for what is no address (a host name tells a person)."""
    return None if address is None or len(address) > LONGEST else _network(address)


@lru_cache(_CACHE)
def _network(text: str) -> str | None:
    address = address_of(text)
    if address is None:
        return None
    prefix = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, prefix), strict=False).network_address)


def address_of(text: str) -> Address | None:
    """The address that a text spells, IPv4 where it is IPv4 mapped into IPv6; None for anything else."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address
