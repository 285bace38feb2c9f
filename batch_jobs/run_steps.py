"""Run a list of batch steps in one process, in order.

The names of bucket, tables and database come as arguments (in AWS) or from the outputs of a stack (`--stack`, which
asks CloudFormation at whatever endpoint the environment names). Arguments that are not listed here go to every step.
"""

import argparse
import importlib
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import TextIOBase
from typing import Literal, TextIO

from batch_jobs import stack
from batch_jobs.command_line import interruptible
from batch_jobs.steps import COMMON_ARGUMENTS, Step, select
from clickstream.errors import ConfigError

FAILED, WRONG_USAGE = 1, 2
SHOWN_LETTERS = 500
Main = Callable[[list[str]], int]


class LastWords(TextIOBase):
    """Passes everything on, and remembers the last line: what a step says when it fails, with the id of a query."""

    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self._out = out
        self._line = ""

    def __str__(self) -> str:
        return self._line[:SHOWN_LETTERS]

    def write(self, text: str) -> int:
        """Write to where it would have gone."""
        self._line = next((line for line in reversed(text.splitlines()) if line.strip()), self._line)
        return self._out.write(text)

    def flush(self) -> None:
        """Hand on what waits."""
        self._out.flush()

    def isatty(self) -> bool:
        """Whether somebody watches."""
        return self._out.isatty()


@dataclass(frozen=True)
class Outcome:
    """What became of a step. `seconds` is wall time."""

    name: str
    result: Literal["ok", "failed", "skipped"]
    seconds: float
    detail: str = ""


def main(argv: Sequence[str] | None = None) -> int:
    """Command line. Returns 0 when every step succeeded, 1 when one failed, 2 on wrong usage."""
    options, rest = _parse(argv)
    try:
        steps = select(options.steps)
        common = _common_arguments(options)
    except (ValueError, ConfigError) as error:
        print(f"run_steps: {error}", file=sys.stderr)
        return WRONG_USAGE
    outcomes = run(steps, [*common, *rest], _main_of)
    print(table(outcomes))
    # The last line on standard error is what Glue, and with it the message to whoever is on call, says of the run.
    if problems := [f"{one.name} {one.result}: {one.detail}" for one in outcomes if one.result != "ok"]:
        print(f"run_steps: {'; '.join(problems)}", file=sys.stderr)
    return FAILED if any(outcome.result != "ok" for outcome in outcomes) else 0


def run(steps: Iterable[Step], arguments: Sequence[str], main_of: Callable[[Step], Main]) -> list[Outcome]:
    """Run the steps; one that needs a step which did not succeed is skipped, the others go on.

    Args:
        steps: In order.
        arguments: What every step gets.
        main_of: Finds a step's `main`.

    Returns:
        One outcome for each step.
    """
    outcomes: dict[str, Outcome] = {}
    for step in steps:
        lacking = [name for name in step.needs if name in outcomes and outcomes[name].result != "ok"]
        if lacking:
            outcomes[step.name] = Outcome(step.name, "skipped", 0.0, f"needs {', '.join(lacking)}")
        else:
            outcomes[step.name] = _attempt(step, [*arguments, *step.arguments], main_of)
    return list(outcomes.values())


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as lines for a person."""
    width = max(len(outcome.name) for outcome in outcomes)
    return "\n".join(
        f"{outcome.name:<{width}}  {outcome.result:<7}  {outcome.seconds:8.1f} s  {outcome.detail}".rstrip()
        for outcome in outcomes
    )


def _attempt(step: Step, arguments: list[str], main_of: Callable[[Step], Main]) -> Outcome:
    print(f"--- {step.name}", flush=True)
    started_s = time.perf_counter()
    detail = ""
    last_words = LastWords(sys.stderr)
    try:
        with redirect_stderr(last_words):
            code = main_of(step)(arguments)
        detail = f"exit code {code}: {last_words}" if code else ""
    except SystemExit as error:
        detail = f"exit {error.code}" if error.code else ""
    except Exception as error:  # noqa: BLE001  whatever a step raises, the steps that do not need it still run
        traceback.print_exc()
        detail = f"{type(error).__name__}: {error}"
    return Outcome(step.name, "failed" if detail else "ok", time.perf_counter() - started_s, detail)


def _main_of(step: Step) -> Main:
    found: Main = importlib.import_module(f"batch_jobs.{step.name}").main
    return found


def _parse(argv: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="python -m batch_jobs.run_steps", description=__doc__, allow_abbrev=False)
    parser.add_argument("--steps", default="daily", help="hourly, daily (default), or names separated by commas")
    parser.add_argument("--stack", help="read what is not given below from the outputs of this stack")
    for name, output in COMMON_ARGUMENTS.items():
        parser.add_argument(f"--{name}", help=f"stack output {output}")
    return parser.parse_known_args(argv)


def _common_arguments(options: argparse.Namespace) -> list[str]:
    given = {name: getattr(options, name.replace("-", "_")) for name in COMMON_ARGUMENTS}
    names = stack.complete(given, options.stack)
    return [word for name, value in names.items() for word in (f"--{name}", value)]


if __name__ == "__main__":
    sys.exit(interruptible(main))
