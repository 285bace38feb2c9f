"""Progress over the lines of a file, where somebody watches."""

import sys
from collections.abc import Iterable, Iterator

Step = tuple[int, dict[str, int]]
"""The line that was reached, and what was counted since the step before."""


def followed(name: str, lines: int, steps: Iterable[Step]) -> Iterator[dict[str, int]]:
    """The counts of each step, with a progress bar over the lines on standard error if that is a terminal."""
    if not sys.stderr.isatty():
        yield from (counts for _, counts in steps)
        return
    from rich.console import Console  # not part of the Glue environment
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=lines)
        for line, counts in steps:
            bar.update(task, completed=line)
            yield counts
