"""Fill an empty lake of the local platform with simulated days of a shop; leave any other as it is.

    python -m notebooks.sample_days --stack clickstream-local

The days go the way of history: import, compaction, sessions. They end with the last whole UTC day, unless told.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from aws_stores import S3Bucket
from batch_jobs import stack
from batch_jobs.command_line import interruptible
from batch_jobs.live_tables import utc_now
from clickstream.errors import ClickstreamError, ConfigError
from clickstream.lake.generations import lake_commits
from notebooks.lake_reader import STACK

ROOT = Path(__file__).parents[1]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def main(argv: Sequence[str] | None = None) -> int:
    """Fill it. 0: the lake holds events now; 1: a service or a step failed; 2: wrong usage, or not a local platform."""
    options = _parser().parse_args(argv)
    if urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname not in LOOPBACK:
        print(
            "sample_days: only for the local platform; start it with `make up` and source .local_aws/env",
            file=sys.stderr,
        )
        return 2
    try:
        if _holds_events(options.stack):
            print("sample_days: the lake holds events already; it stays as it is")
            return 0
        with tempfile.TemporaryDirectory(prefix="sample-days-") as folder:
            for words in _commands(options, Path(folder) / "days.ndjson.zst"):
                _run(words)
    except ClickstreamError as error:
        print(f"sample_days: {error}", file=sys.stderr)
        return 1
    return 0


def _holds_events(stack_name: str) -> bool:
    bucket = S3Bucket(stack.outputs(stack_name)["BucketName"])
    return any(commit.rows for commit in lake_commits(bucket))


def _commands(options: argparse.Namespace, file: Path) -> list[list[str]]:
    """The commands in order, as a person would type them."""
    start = (options.end or utc_now().date()) - timedelta(days=options.days)
    size = ["--events", str(options.events), "--seed", str(options.seed), "--hours", str(24 * options.days)]
    to_stack = ["--stack", options.stack]
    return [
        ["test_client", "simulate", *size, "--start", start.isoformat(), "--out", str(file)],
        ["batch_jobs.backfill_events", str(file), *to_stack],
        ["batch_jobs.run_steps", "--steps", "compact_events,build_sessions", *to_stack, "--include-open"],
    ]


def _run(words: list[str]) -> None:
    """Run one command; what it says is shown only if it fails. Raises `ConfigError` then."""
    print(f"sample_days: {words[0]}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ConfigError(f"{words[0]} failed with {done.returncode}: {done.stdout[-2000:]}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m notebooks.sample_days", description=__doc__.split("\n")[0], allow_abbrev=False
    )
    parser.add_argument("--stack", default=STACK, help=f"stack whose lake it is; default {STACK}")
    parser.add_argument("--events", type=int, default=60_000, help="events of all days together; default 60,000")
    parser.add_argument("--days", type=int, default=5, help="whole days, three at least for the detector; default 5")
    parser.add_argument("--seed", type=int, default=7, help="which simulated days; default 7")
    parser.add_argument("--end", type=date.fromisoformat, metavar="DATE", help="UTC date after the last day")
    return parser


if __name__ == "__main__":
    sys.exit(interruptible(main))
