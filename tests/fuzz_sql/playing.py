"""Seeds played in a few processes: one seed is one expression over one set of rows."""

import multiprocessing
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from local_aws.athena.duck import Database
from tests.fuzz_sql import dirty_rows
from tests.fuzz_sql.differences import explained
from tests.fuzz_sql.engines import LocalEngine, Velox
from tests.fuzz_sql.expressions import Expression, composed
from tests.fuzz_sql.judging import Pair, Verdict, columns_of

DEPTH = 3
"""Functions within one another, at most."""
_CHUNK = 10


@dataclass
class Tally:
    """What some seeds came to.

    Attributes:
        kinds: Outcomes of each heading of the grammar.
        functions: Expressions that use a function and that both engines answer.
        reasons: Differences that are explained.
        unanswered: Why Velox, or the local engine, does not answer.
        wrong: By the smallest expression, the story of a difference that nothing explains.
    """

    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    functions: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Add the outcomes of other seeds."""
        for family, kinds in other.kinds.items():
            self.kinds.setdefault(family, Counter()).update(kinds)
        self.functions.update(other.functions)
        self.reasons.update(other.reasons)
        self.unanswered.update(other.unanswered)
        self.wrong.update(other.wrong)


def play(pair: Pair, seed: int, rows: int, tally: Tally) -> None:
    """Ask both engines for the expression of a seed, and note what becomes of it."""
    random = Random(seed)  # noqa: S311  an expression, no secret
    expression = composed(random, DEPTH)
    table = [dirty_rows.row(random) for _ in range(rows)]
    (verdict,) = pair.verdicts(table, [expression])
    kind = verdict.kind
    if kind == "different":
        kind = _explain(pair, seed, expression, table[verdict.place], tally)
    elif kind == "same":
        tally.functions.update(expression.functions)
    else:
        tally.unanswered[str(verdict.velox or verdict.local)[:70]] += 1
    tally.kinds.setdefault(expression.rule.family, Counter())[kind] += 1


def _explain(pair: Pair, seed: int, expression: Expression, row: dirty_rows.Row, tally: Tally) -> str:
    small, row, verdict = pair.smallest(expression, row)
    if verdict.kind != "different":  # Velox crashes at random on some
        return "unanswered"
    known = explained(small, row, verdict)
    if known is not None:
        tally.reasons[known.reason] += 1
        return "explained"
    tally.wrong.setdefault(small.text(), _story(seed, small, row, verdict))
    return "wrong"


def _story(seed: int, expression: Expression, row: dirty_rows.Row, verdict: Verdict) -> str:
    used = ", ".join(f"{name} = {row[name]!r}" for name in sorted(columns_of(expression)))
    lines = [f"seed {seed}: {expression.text()}", f"  where {used}" if used else "", f"  Velox {verdict.velox!r}"]
    return "\n".join(filter(None, [*lines, f"  here  {verdict.local!r}"]))


def swept(seeds: range, rows: int, processes: int, done: Callable[[int, Tally], None]) -> Tally:
    """Play the seeds and call `done` after each portion with its size and all outcomes so far."""
    whole = Tally()
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="fuzz-sql-") as folder,
        ProcessPoolExecutor(processes, mp_context=context, initializer=_open, initargs=(Path(folder),)) as pool,
    ):
        portions = [seeds[start : start + _CHUNK] for start in range(0, len(seeds), _CHUNK)]
        waiting = {pool.submit(_portion, portion, rows): portion for portion in portions}
        for future in as_completed(waiting):
            whole.add(future.result())
            done(len(waiting[future]), whole)
    return whole


_pairs: list[Pair] = []
"""The engines of this process."""


def _open(folder: Path) -> None:
    spill = folder / str(os.getpid()) / "spill"
    spill.mkdir(parents=True)
    _pairs.append(Pair(Velox(), LocalEngine(Database(spill))))


def _portion(seeds: range, rows: int) -> Tally:
    tally = Tally()
    for seed in seeds:
        play(_pairs[0], seed, rows, tally)
    return tally
