"""Compare the local Athena with Velox on expressions composed at random: `python -m tests.fuzz_sql --seeds 2000`.

One seed is one expression over `--rows` random rows. `--first 17 --seeds 1` plays seed 17 alone.
"""

import argparse
import os
import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from batch_jobs.lake_interval import whole_number
from local_aws.athena.functions import ANSWERED
from tests.fuzz_sql.engines import PYTHON
from tests.fuzz_sql.playing import Tally, swept

KINDS = ("same", "explained", "refused", "unanswered", "wrong")
MOST = 20
"""Stories that are printed."""
INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run it. Returns 0 if every difference is explained, 1 if one is not, 2 without Velox, 130 after an interrupt."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_sql", description=__doc__)
    parser.add_argument("--seeds", type=whole_number, default=2000, help="expressions")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--rows", type=whole_number, default=60, help="rows that each is asked for")
    parser.add_argument("--processes", type=whole_number, default=os.cpu_count() or 1)
    arguments = parser.parse_args(argv)
    console = Console(width=max(Console().width, 100))
    if not PYTHON.exists():
        console.print("Velox is not installed: run `make fuzz-sql`, which makes its environment")
        return 2
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    try:
        tally = played(seeds, arguments.rows, arguments.processes, console)
    except KeyboardInterrupt:
        console.print("interrupted")
        return INTERRUPTED
    return report(tally, console)


def played(seeds: range, rows: int, processes: int, console: Console) -> Tally:
    """Play all seeds under a progress bar."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("expressions", total=len(seeds))

        def done(count: int, tally: Tally) -> None:
            text = f"expressions, {len(tally.wrong)} wrong" if tally.wrong else "expressions"
            progress.update(task, advance=count, description=text)

        return swept(seeds, rows, processes, done)


def report(tally: Tally, console: Console) -> int:
    """Print what was asked and what differed; return the exit code."""
    table = Table(title="the local Athena beside Velox, expressions")
    for name in ("about", "asked", *KINDS):
        table.add_column(name, justify="left" if name == "about" else "right", no_wrap=True)
    for family, kinds in sorted(tally.kinds.items()):
        table.add_row(family, f"{kinds.total():,}", *(f"{kinds[kind]:,}" for kind in KINDS))
    whole = {kind: sum(kinds[kind] for kinds in tally.kinds.values()) for kind in KINDS}
    table.add_row("all", f"{sum(whole.values()):,}", *(f"{whole[kind]:,}" for kind in KINDS), style="bold")
    console.print(table)
    console.print(f"{len(ANSWERED & tally.functions.keys())} of {len(ANSWERED)} functions compared")
    for heading, counts in (("explained", tally.reasons), ("not asked of both", tally.unanswered)):
        for reason, count in counts.most_common(MOST):
            console.print(f"{heading}: {count:,} {reason}", markup=False, highlight=False)
    for story in list(tally.wrong.values())[:MOST]:
        console.print(story, markup=False, highlight=False, soft_wrap=True)
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
