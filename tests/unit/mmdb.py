"""A writer of tiny MaxMind DB files for tests, after https://maxmind.github.io/MaxMind-DB/ (format 2.0)."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path

Value = str | bytes | dict[str, "Value"] | list["Value"]
"""What a record may hold; bytes are a value that is encoded already."""
MARKER = b"\xab\xcd\xefMaxMind.com"
_MAP, _STRING, _ARRAY = 7, 2, 11
_UINT16, _UINT32, _UINT64 = 5, 6, 9
_BITS = 28
"""Bits of a pointer in the search tree."""


def write(file: Path, records: Mapping[str, Value], ip_version: int = 6) -> Path:
    """Write a file that has these records at these networks (CIDR), which must not hold one another."""
    data, offsets = b"", {}
    for name, record in records.items():
        offsets[name] = len(data)
        data += encoded(record)
    tree = _tree({_bits(name, ip_version): offset for name, offset in offsets.items()})
    metadata: Value = {
        "binary_format_major_version": _number(_UINT16, 2),
        "binary_format_minor_version": _number(_UINT16, 0),
        "build_epoch": _number(_UINT64, 1_700_000_000),
        "database_type": "Test-Country",
        "description": {"en": "made by a test"},
        "ip_version": _number(_UINT16, ip_version),
        "languages": ["en"],
        "node_count": _number(_UINT32, len(tree)),
        "record_size": _number(_UINT16, _BITS),
    }
    nodes = b"".join(_node(pair, len(tree)) for pair in tree)
    file.write_bytes(nodes + b"\0" * 16 + data + MARKER + encoded(metadata))
    return file


def encoded(value: Value) -> bytes:
    """A value in the format of the data section."""
    if isinstance(value, str):
        text = value.encode()
        return _control(_STRING, len(text)) + text
    if isinstance(value, bytes):
        return value
    if isinstance(value, list):
        return _control(_ARRAY, len(value)) + b"".join(map(encoded, value))
    return _control(_MAP, len(value)) + b"".join(encoded(name) + encoded(inner) for name, inner in value.items())


def _number(kind: int, value: int) -> bytes:
    size = {_UINT16: 2, _UINT32: 4, _UINT64: 8}[kind]
    return _control(kind, size) + value.to_bytes(size)


def _control(kind: int, size: int) -> bytes:
    assert size < 29, "longer values need more bytes than this writer makes"
    return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])


def _bits(name: str, ip_version: int) -> str:
    network = ipaddress.ip_network(name)
    width = 128 if ip_version == 6 else 32
    # IPv4 lies in the first 32 of the last bits of an IPv6 tree.
    bits = f"{int(network.network_address):0{width}b}"
    return bits[: width - network.max_prefixlen + network.prefixlen]


def _tree(places: Mapping[str, int]) -> list[list[int | None]]:
    """Nodes as pairs: the number of another node, -1 - offset of a record, or None for nothing."""
    nodes: list[list[int | None]] = [[None, None]]
    for bits, offset in places.items():
        at = 0
        for bit in map(int, bits[:-1]):
            following = nodes[at][bit]
            if following is None:
                nodes.append([None, None])
                following = nodes[at][bit] = len(nodes) - 1
            at = following
        nodes[at][int(bits[-1])] = -1 - offset
    return nodes


def _node(pair: list[int | None], count: int) -> bytes:
    left, right = (count if n is None else n if n >= 0 else count + 16 + (-1 - n) for n in pair)
    middle = (left >> 24) << 4 | right >> 24
    return (left & 0xFFFFFF).to_bytes(3) + bytes([middle]) + (right & 0xFFFFFF).to_bytes(3)
