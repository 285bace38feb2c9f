"""Two summaries that merge: how many distinct ids there were, and how long something took.

Both are the same whatever order they are filled or merged in, and however often a part of them is taken in again, so a
page made of them can be compared with what the archive says, byte by byte.
"""

import zlib
from collections import Counter
from collections.abc import Collection, Iterable
from hashlib import blake2b
from math import log, sqrt
from struct import unpack

PRECISION = 12
REGISTERS = 1 << PRECISION
"""Relative standard error of an estimate: 1.04 / √REGISTERS = 1.6 %."""
_RANK_BITS = 64 - PRECISION
_TOP_BITS = int.from_bytes(b"\x80" * REGISTERS, "big")

LONGEST_MS = 7 * 24 * 60 * 60 * 1000
"""Longer times count as this long: history that is imported would otherwise fill the page."""
_DIGITS = 5
"""Significant binary digits of a time: a bucket is at most 1/16 of its lower bound wide."""


class Marks:
    """The register and the rank that each id stands for, worked out once: the same ids come in many minutes.

    Source: Flajolet et al., HyperLogLog (2007); the hash is BLAKE2b, 64 bits.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int]] = {}

    def of(self, ids: Collection[str]) -> Iterable[tuple[int, int]]:
        """Those of some ids."""
        new = [each for each in ids if each not in self._known]
        digests = b"".join([blake2b(each.encode(), digest_size=8).digest() for each in new])
        for each, word in zip(new, unpack(f">{len(new)}Q", digests), strict=True):
            self._known[each] = word & (REGISTERS - 1), _RANK_BITS + 1 - (word >> PRECISION).bit_length()
        return map(self._known.__getitem__, ids)


def distinct(ids: Collection[str], marks: Marks | None = None) -> bytes:
    """The packed HyperLogLog of these ids: 20 bytes for none, about 1.6 KB for very many. One byte a register."""
    registers = bytearray(REGISTERS)
    for place, rank in (marks or Marks()).of(ids):
        if rank > registers[place]:
            registers[place] = rank
    return zlib.compress(registers)


def united(sketches: Iterable[bytes]) -> bytes:
    """The packed HyperLogLog of the ids of all of them. Empty bytes stand for no ids."""
    total = 0
    for sketch in sketches:
        total = _maxima(total, int.from_bytes(_registers(sketch), "big"))
    return zlib.compress(total.to_bytes(REGISTERS, "big"))


def estimate(sketch: bytes) -> int:
    """About how many distinct ids it holds; exact for a few.

    Source: Ertl, New cardinality estimation algorithms for HyperLogLog sketches (arXiv:1702.01284), algorithm 6.
    """
    ranks = Counter(_registers(sketch))
    zero, full = ranks[0] / REGISTERS, 1 - ranks[_RANK_BITS + 1] / REGISTERS
    if zero == 1:
        return 0
    total = REGISTERS * _tau(full)
    for rank in range(_RANK_BITS, 0, -1):
        total = (total + ranks[rank]) / 2
    return round(REGISTERS**2 / (2 * log(2) * (total + REGISTERS * _sigma(zero))))


def durations(times_ms: Iterable[int]) -> dict[str, int]:
    """How many times, or counted times, fall into each bucket, by the lower bound of the bucket in milliseconds.

    At most 432 buckets; times below 32 ms are exact. Negative times, of clocks that are ahead, count as 0.
    """
    total: Counter[int] = Counter()
    for time_ms, count in Counter(times_ms).items():
        total[_bucket(time_ms)] += count
    return {str(lower): total[lower] for lower in sorted(total)}


def quantile(buckets: dict[str, int], share: float) -> int | None:
    """The time in milliseconds that this share of the times does not exceed, within 3.2 %; None if there are none.

    LONGEST_MS means that long or longer.
    """
    left = share * sum(buckets.values())
    for lower in sorted(map(int, buckets)):
        left -= buckets[str(lower)]
        if left <= 0:
            return min(lower + (1 << max(lower.bit_length() - _DIGITS, 0)) // 2, LONGEST_MS)
    return None


def _registers(sketch: bytes) -> bytes:
    return zlib.decompress(sketch) if sketch else bytes(REGISTERS)


def _maxima(left: int, right: int) -> int:
    """Byte by byte the greater one, of numbers whose bytes are below 128: one subtraction does all bytes at once."""
    not_less = ((left | _TOP_BITS) - right & _TOP_BITS) >> 7
    return right ^ ((left ^ right) & not_less * 255)


def _sigma(share: float) -> float:
    if share == 1:
        return float("inf")
    total, step, weight = share, share, 1.0
    while True:
        step *= step
        previous, total = total, total + step * weight
        weight *= 2
        if total == previous:
            return total


def _tau(share: float) -> float:
    if share in (0, 1):
        return 0.0
    total, step, weight = 1 - share, share, 1.0
    while True:
        step = sqrt(step)
        weight /= 2
        previous, total = total, total - (1 - step) ** 2 * weight
        if total == previous:
            return total / 3


def _bucket(time_ms: int) -> int:
    """Lower bound of the bucket: the time with all but its leading binary digits set to zero."""
    if not 0 <= time_ms <= LONGEST_MS:
        time_ms = 0 if time_ms < 0 else LONGEST_MS
    rest = time_ms.bit_length() - _DIGITS
    return time_ms >> rest << rest if rest > 0 else time_ms
