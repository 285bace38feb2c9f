"""What a month costs: an idle stack, counted in its template, and so many million events on top of it.

    python -m benchmarks.cost_month [-c KEY=VALUE ...] [--events 100]

Prices: `benchmarks/prices.py`; what is counted: `benchmarks/cost_idle.py`.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import App
from rich.console import Console
from rich.table import Table

from benchmarks import consumers, prices
from benchmarks.call_time import cpu_s_per_write
from benchmarks.cost import MILLION, costs
from benchmarks.cost_idle import by_part
from benchmarks.cost_traffic import PACKED, RAW, RecordKind, Shard
from cdk.checks import EMPTY_ZIP, ENVIRONMENTS
from cdk.layer import TARGETS, archive_path
from cdk.options import read_config
from cdk.stack import ClickstreamStack
from clickstream.errors import ConfigError

WRONG_USAGE = 2
BATCHES = 3
MONTH_S = prices.HOURS_PER_MONTH * 3600


def main(argv: list[str] | None = None) -> int:
    """Print one table, or two."""
    options = _parser().parse_args(argv)
    context = dict(word.partition("=")[::2] for word in options.context)
    try:
        configs = {name: read_config({**context, "environment": name}) for name in ENVIRONMENTS}
    except ConfigError as error:
        print(f"cost: {error}", file=sys.stderr)
        return WRONG_USAGE
    idle = {name: by_part(template({**context, "environment": name})) for name in ENVIRONMENTS}
    console = Console(width=120)
    console.print(_table(idle))
    if options.events:
        shards = configs["production"].stream_shard_count
        console.print(_events_table(options.events, shards, sum(idle["production"].values())))
    return 0


def template(context: Mapping[str, object]) -> dict[str, Any]:
    """The synthesised template of a context; the archives of its code are empty."""
    config = read_config(context)
    with tempfile.TemporaryDirectory() as folder:
        build = Path(folder, "build")
        build.mkdir()
        for name in TARGETS:
            archive_path(name, build).write_bytes(EMPTY_ZIP)
        app = App(outdir=str(Path(folder, "out")))
        ClickstreamStack(app, config.prefix, config, build)
        app.synth()
        found: dict[str, Any] = json.loads(Path(folder, "out", f"{config.prefix}.template.json").read_text())
    return found


def rows(idle: Mapping[str, Mapping[str, float]]) -> list[tuple[str, ...]]:
    """The table of parts, each with its dollars in every environment, and the sum; the dearest first."""
    parts = {part for found in idle.values() for part in found}
    dearest = sorted(parts, key=lambda part: (-max(found.get(part, 0) for found in idle.values()), part))
    body = [(part, *(_dollars(found.get(part, 0)) for found in idle.values())) for part in dearest]
    return [*body, ("a month", *(_dollars(sum(found.values())) for found in idle.values()))]


def markdown(idle: Mapping[str, Mapping[str, float]]) -> str:
    """The same for a page."""
    lines = [("idle", *idle), ("---", *("---:" for _ in idle)), *rows(idle)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def million(kind: RecordKind, events_per_s: float, shards: int, call_s: float) -> float:
    """Dollars for a million events at a steady rate over so many shards, without what an idle stack costs already."""
    shard = Shard(events_per_s / shards, kind.events > 1)
    found = sum(costs(consumers.counted(make, shard, BATCHES), call_s).total for make in consumers.BOTH)
    units = -int(-kind.bytes // prices.PUT_UNIT_BYTES) / kind.events
    return found + MILLION * units * prices.PUT_UNIT


def _events_table(millions: float, shards: int, idle: float) -> Table:
    rate, call_s = millions * MILLION / MONTH_S, cpu_s_per_write()
    table = Table(title=f"{millions:,g} million events a month, {rate:,.0f} a second on average, {shards} shards")
    for column in ("records of", "a million", "events", "with the idle stack"):
        table.add_column(column, justify="right")
    for kind in (RAW, PACKED):
        each = million(kind, rate, shards, call_s)
        table.add_row(kind.name, f"${each:.2f}", f"${each * millions:,.2f}", f"${each * millions + idle:,.2f}")
    table.caption = (
        "Both consumers and PUT units. Not in it: the collector (see below), storage, longer runs of the job."
    )
    return table


def _table(idle: Mapping[str, Mapping[str, float]]) -> Table:
    table = Table(title="Dollars a month while no event comes, list prices")
    for column in ("", *idle):
        table.add_column(column, justify="right" if column else "left")
    *parts, total = rows(idle)
    for part in parts:
        table.add_row(*part)
    table.add_section()
    table.add_row(*total)
    return table


def _dollars(value: float) -> str:
    return f"${value:.2f}" if value else "-"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost_month", description=__doc__.split("\n")[0])
    parser.add_argument("-c", "--context", action="append", default=[], metavar="KEY=VALUE", help="as of cdk deploy")
    parser.add_argument("--events", type=float, default=0, help="million events a month")
    return parser


if __name__ == "__main__":
    sys.exit(main())
