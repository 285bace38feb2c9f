"""What the commands that show live tables share: the interval of the command line, and how numbers are printed."""

import argparse
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from rich.table import Column, Table
from rich.text import Text

from batch_jobs.lake_interval import instant

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """A parser with the options that all of them have."""
    made = argparse.ArgumentParser(prog=f"python -m batch_jobs.{name}", description=description, allow_abbrev=False)
    made.add_argument("--stack", default="clickstream-local", help="stack whose outputs name the tables")
    made.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return made


def with_interval(made: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments of a parser with an interval. Ends with wrong usage if it is empty."""
    arguments = made.parse_args(argv)
    if arguments.since >= arguments.until:
        made.error(f"the interval {interval_text(arguments)} is empty: --since is before --until")
    return arguments


def interval_text(arguments: argparse.Namespace) -> str:
    """The interval as a person reads it."""
    return f"{arguments.since:%Y-%m-%d %H:%M} to {arguments.until:%Y-%m-%d %H:%M} UTC"


def nothing_text(things: str, arguments: argparse.Namespace) -> str:
    """What to say where there are none of these in the interval."""
    return f"no {things} were received from {interval_text(arguments)}; --since 30d looks further back"


def add_interval(made: argparse.ArgumentParser, now: datetime, since: str) -> None:
    """Add `--since` and `--until`, in received time; `since` is the default."""

    def moment(text: str) -> datetime:
        return _moment(text, now)

    made.add_argument(
        "--since", type=moment, default=since, metavar="TIME",
        help=f"start of received time: 90m, 24h or 7d ago, or ISO 8601, UTC by default (default {since})",
    )  # fmt: skip
    made.add_argument("--until", type=moment, default=now, metavar="TIME", help="its end, excluded (default: now)")


def utc_now() -> datetime:
    """The clock of a command."""
    return datetime.now(UTC)


def ranking(title: str, counts: Iterable[tuple[str, int]], whole: int) -> Table:
    """Names with their counts and their shares of the whole."""
    table = table_of(title, ("events", "share"))
    for name, count in counts:
        table.add_row(plain(name), f"{count:,}", f"{count / whole:.1%}" if whole else "")
    return table


def table_of(title: str, numbers: Sequence[str]) -> Table:
    """A table with one column of text and right-aligned columns of numbers."""
    table = Table(Column(title, no_wrap=True, overflow="ellipsis"))
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def plain(text: str) -> Text:
    """What a producer sent, without power over the terminal: no markup, no control characters."""
    return Text("".join(letter if letter.isprintable() else "\ufffd" for letter in text))


def duration_text(time_ms: int | None) -> str:
    """Milliseconds as a person reads them."""
    if time_ms is None:
        return "-"
    for unit, length in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)):
        if time_ms >= length:
            return f"{time_ms / length:.3g} {unit}"
    return f"{time_ms} ms"


def _moment(text: str, now: datetime) -> datetime:
    if found := re.fullmatch(r"(\d{1,4})([mhd])", text):
        return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        return instant(text)
    except argparse.ArgumentTypeError as error:
        forms = "90m, 24h or 7d ago, or a time such as 2026-11-21 or 2026-11-21T09:00"
        raise argparse.ArgumentTypeError(f"{text!r} is neither of {forms}") from error
