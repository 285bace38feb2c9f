"""What a person sees: progress bars and tables on standard error, results as one line of JSON on standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table


def print_json(result: Mapping[str, Any]) -> None:
    """Write a result to standard output as one line of JSON."""
    sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    sys.stdout.flush()


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table to standard error; the first column is text, the others are numbers."""
    table = Table()
    for place, name in enumerate(header):
        table.add_column(name, justify="right" if place else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    console = Console(stderr=True)
    console.print(title, highlight=False, soft_wrap=True)
    console.print(table)


class Bar:
    """A progress bar that counts lines; shown on a terminal only."""

    def __init__(self, progress: Progress, total: int, text: str) -> None:
        self._progress, self._task = progress, progress.add_task(text, total=total)

    def advance(self, lines: int) -> None:
        """Move on by so many lines."""
        self._progress.advance(self._task, lines)


@contextmanager
def progress_bar(text: str, total: int) -> Iterator[Bar]:
    """Show a bar of ``total`` lines on standard error while the block runs."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as progress:
        yield Bar(progress, total, text)
