"""Play many schedules, or one: `python -m tests.simulation --seeds 100000`, `… --campaign storm --seed 17`.

Without a campaign those of the stream are played, or with `--lake` those of the lake.
"""

import argparse
import os
import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from batch_jobs.lake_interval import whole_number
from tests.simulation.campaigns import (
    ALL_CAMPAIGNS,
    CAMPAIGNS,
    LAKE_CAMPAIGNS,
    Tally,
    play,
    shared_out,
    sweep_all,
)

COLUMNS = {"records": "records", "fills": "commits of fill lanes", "aside": "put aside", "unread": "lost unread"}
"""Headings, and what they count."""
LAKE_COLUMNS = {"events": "events", "commits": "generations", "reads": "reads", "expired": "expired"}
"""The same for the lake."""
INTERRUPTED = 130
WIDTH = 100
"""Characters that the table needs."""


def main(argv: list[str] | None = None) -> int:
    """Run the command. Returns 0 if every schedule is exact, 1 if one is not, 130 after an interrupt."""
    arguments = parsed(argv)
    console = Console(width=max(Console().width, WIDTH))
    if arguments.seed is not None:
        return replay(arguments.campaign, arguments.seed, console)
    seeds = shared_out(arguments.seeds, arguments.first, LAKE_CAMPAIGNS if arguments.lake else CAMPAIGNS)
    if arguments.campaign:
        seeds = {arguments.campaign: range(arguments.first, arguments.first + arguments.seeds)}
    try:
        tallies = swept(seeds, arguments.processes, console)
    except KeyboardInterrupt:
        console.print("interrupted")
        return INTERRUPTED
    return report(tallies, console)


def parsed(argv: list[str] | None) -> argparse.Namespace:
    """The arguments of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=whole_number, default=10_000, help="schedules, dealt out to all campaigns")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--lake", action="store_true", help="play the lake instead of the stream")
    parser.add_argument("--campaign", choices=ALL_CAMPAIGNS, help="only this one")
    parser.add_argument("--seed", type=int, help="replay this schedule of --campaign and tell its story")
    parser.add_argument("--processes", type=whole_number, default=os.cpu_count() or 1)
    arguments = parser.parse_args(argv)
    if arguments.seed is not None and not arguments.campaign:
        parser.error("--seed needs --campaign")
    return arguments


def replay(campaign: str, seed: int, console: Console) -> int:
    """Tell the story of one schedule, step by step."""
    outcome = play(campaign, seed, with_story=True)
    for line in [*outcome.story, *(outcome.violations or ["everything is exact"])]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    return 1 if outcome.violations else 0


def swept(seeds: dict[str, range], processes: int, console: Console) -> dict[str, Tally]:
    """Play all of them under a progress bar."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("schedules", total=sum(map(len, seeds.values())))
        bad: list[int] = []

        def done(part: Tally) -> None:
            bad.extend(part.failures)
            text = f"schedules, {len(bad)} wrong" if bad else "schedules"
            progress.update(task, advance=part.schedules, description=text)

        return sweep_all(seeds, processes, done)


def report(tallies: dict[str, Tally], console: Console) -> int:
    """Print what was played, and how each failure is played again."""
    table = Table(title="simulated schedules")
    columns = LAKE_COLUMNS if LAKE_CAMPAIGNS.keys() & tallies.keys() else COLUMNS
    for name in ("campaign", "schedules", *columns, "faults", "wrong"):
        table.add_column(name, justify="left" if name == "campaign" else "right", no_wrap=True)
    for name, tally in tallies.items():
        counts = [tally.contained[column] for column in columns.values()]
        numbers = [tally.schedules, *counts, sum(faults(tally).values()), len(tally.failures)]
        table.add_row(name, *(f"{number:,}" for number in numbers))
    console.print(table)
    kinds = sorted({kind for tally in tallies.values() for kind in faults(tally)})
    totals = {kind: sum(faults(tally).get(kind, 0) for tally in tallies.values()) for kind in kinds}
    console.print("faults by kind: " + ", ".join(f"{kind} {count:,}" for kind, count in totals.items()))
    for name, tally in tallies.items():
        for seed, violations in sorted(tally.failures.items())[:10]:
            console.print(
                f"{violations[0]}\n  python -m tests.simulation --campaign '{name}' --seed {seed}", markup=False
            )
    return 1 if any(tally.failures for tally in tallies.values()) else 0


def faults(tally: Tally) -> dict[str, int]:
    """How many calls suffered each kind of fault."""
    calls = {kind.removeprefix("calls "): count for kind, count in tally.contained.items() if kind.startswith("calls ")}
    return {kind: count for kind, count in calls.items() if kind != "done"}


if __name__ == "__main__":
    sys.exit(main())
