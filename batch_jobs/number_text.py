"""Numbers, shares, times and amounts as a reader of a page expects them. One notation for all charts and tables."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from math import ceil, floor, log10

NOTHING = "n/a"
SPACE = "\N{NO-BREAK SPACE}"
"""Between a number and its unit."""


def count(number: float | None) -> str:
    """1234567 gives `1,234,567`."""
    return NOTHING if number is None else f"{number:,.0f}"


def share(ratio: float | None) -> str:
    """0.0734 gives `7.3 %`; a ratio below a tenth of a percent keeps two significant digits."""
    if ratio is None:
        return NOTHING
    percent = 100 * ratio
    if percent and abs(percent) < 0.1:
        return f"{percent:.2g}{SPACE}%"
    return f"{percent:,.1f}{SPACE}%"


def decimal(number: float | None) -> str:
    """3.14159 gives `3.1`."""
    return NOTHING if number is None else f"{number:,.1f}"


def duration(seconds: float | None) -> str:
    """252 gives `4 min 12 s`."""
    if seconds is None:
        return NOTHING
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}{SPACE}h {minutes}{SPACE}min"
    return f"{minutes}{SPACE}min {rest}{SPACE}s" if minutes else f"{rest}{SPACE}s"


def amounts(per_currency: Mapping[str, Decimal]) -> list[str]:
    """`12,345.60 EUR` and `99.00 USD`, greatest first; currencies are never added up."""
    ordered = sorted(per_currency.items(), key=lambda entry: (-entry[1], entry[0]))
    return [f"{amount:,.2f}{SPACE}{currency}" for currency, amount in ordered]


def size(number: int) -> str:
    """Bytes in decimal units, as Athena bills: 1234567 gives `1.2 MB`."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= scale:
            return f"{number / scale:.1f}{SPACE}{unit}"
    return f"{number}{SPACE}bytes"


def dollars(amount: float) -> str:
    """1.5 gives `$1.50`; less than ten cents keep the digits that Athena charges: `$0.00065`."""
    return f"${amount:,.2f}" if amount >= 0.1 or not amount else f"${amount:.6f}".rstrip("0")


def moment(instant: datetime) -> str:
    """`21 Nov 2026, 14:05`, in the zone that the instant carries."""
    return f"{instant.day} {instant:%b %Y, %H:%M}"


def plural(number: int, noun: str, several: str = "") -> str:
    """`1 session`, `2 sessions`, `2 anomalies`."""
    return f"{count(number)} {noun if number == 1 else several or noun + 's'}"


def axis(greatest: float, lines: int = 4) -> list[int]:
    """Round numbers from 0 to at least `greatest`, at most `lines` steps of 1, 2 or 5 times a power of ten."""
    if greatest <= 0:
        return [0, 1]
    rough = max(greatest / lines, 1)
    power = 10 ** floor(log10(rough))
    step = int(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough))
    return [step * index for index in range(ceil(greatest / step) + 1)]
