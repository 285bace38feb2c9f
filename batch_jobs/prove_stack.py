"""Prove that a deployed stack works: send marked events, follow them everywhere, and erase them again.

    python -m batch_jobs.prove_stack --stack clickstream-production

Every stage is timed and says what it has seen; the first that fails is named with what was found and where to look.
The events are of the type `smoke_test`. In the end they are erased from the lake and the live tables as a person is;
counters, which name nobody, keep them under that type. On AWS the batch is one run of the Glue job, some cents.
"""

import argparse
import sys
import time
import uuid
from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from batch_jobs.command_line import interruptible
from batch_jobs.lake_interval import whole_number
from batch_jobs.ledger_tools import now, parser
from batch_jobs.proof import lake_stages, stream_stages
from batch_jobs.proof.marked_events import MarkedEvents
from batch_jobs.proof.proving import Limits, Proof, StageError
from batch_jobs.stack import outputs
from clickstream.errors import ClickstreamError

Stage = Callable[[Proof], str]
STAGES: dict[str, Stage] = {
    "send": stream_stages.send,
    "commit": stream_stages.commit,
    "counters": stream_stages.count,
    "sessions": stream_stages.see_sessions,
    "compaction": lake_stages.compact,
    "query": lake_stages.query,
    "report": lake_stages.report,
    "erasure": lake_stages.erase,
}
"""In the order of an event's way."""
WIDE = 160


def main(argv: Sequence[str] | None = None) -> int:
    """Prove it. 0: every stage saw its events; 1: a stage failed, said on standard error with its name."""
    options = _parser().parse_args(argv)
    table = Table("stage", "seconds", "seen")
    proof, failed = _proven(options, table)
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)
    if not failed:
        return 0
    print(f"prove_stack: stage {failed}", file=sys.stderr)
    if proof and proof.positions:
        advice = f"make erase ANONYMOUS={proof.marked.anonymous_id} STACK={proof.stack}"
        print(f"prove_stack: the events of this run stay until `{advice}`", file=sys.stderr)
    return 1


def _proven(options: argparse.Namespace, table: Table) -> tuple[Proof | None, str]:
    """Run the stages until one fails; the proof as far as it came, and the failed stage with what it says."""
    proof = None
    stages = {name: stage for name, stage in STAGES.items() if name != "erasure" or not options.keep}
    for name, stage in {"stack": None, **stages}.items():
        started_s = time.monotonic()
        try:
            if proof is None or stage is None:
                proof = _begun(options)
                seen = f"{options.stack}: {proof.marked.shards} open shards, run {proof.marked.run_id}"
            else:
                seen = stage(proof)
        except (ClickstreamError, ClientError, BotoCoreError) as error:
            table.add_row(name, f"{time.monotonic() - started_s:.1f}", "[red]failed[/]")
            return proof, f"{name}: {error}"
        table.add_row(name, f"{time.monotonic() - started_s:.1f}", seen)
    return proof, ""


def _begun(options: argparse.Namespace) -> Proof:
    names = outputs(options.stack)
    if "StreamName" not in names:
        raise StageError(f"{options.stack} has no output StreamName: it is not the stack of this project")
    shards = len(stream_stages.open_shards(names["StreamName"]))
    marked = MarkedEvents(uuid.uuid4().hex[:12], shards, now().replace(microsecond=0))
    return Proof(options.stack, names, marked, Limits(options.timeout, options.batch_timeout))


def _parser() -> argparse.ArgumentParser:
    made = parser("prove_stack", __doc__.split("\n")[0])
    made.add_argument("--timeout", type=whole_number, default=300, help="seconds for each live stage; default 300")
    made.add_argument("--batch-timeout", type=whole_number, default=3600, help="seconds for the batch; default 3600")
    made.add_argument("--keep", action="store_true", help="do not erase the events; they stay known by their type")
    return made


if __name__ == "__main__":
    sys.exit(interruptible(main))
