"""Record what a real account does, for the local tests to be held to: `python -m tests.conformance [--out FOLDER]`.

It makes a bucket, a role or two, some streams of one shard with a function each, a workgroup and a database in the
account and region of the environment, and removes all of it at the end, also after Ctrl-C. That may take half an hour
and costs less than a dollar. Where AWS_ENDPOINT_URL names the local platform, that is recorded.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tests.conformance import event_source, permissions, queries
from tests.conformance.scratch import Scratch
from tests.conformance.transcripts import FOLDER, Place, Recorder

PARTS = {"event_source": event_source.record, "athena": queries.record, "iam": permissions.record}


def main(argv: Sequence[str] | None = None) -> int:
    """Record. 0: all is kept; 1: a service failed; 2: wrong usage, or nobody agreed; 130: stopped."""
    options = _parser().parse_args(argv)
    place: Place = "local" if os.environ.get("AWS_ENDPOINT_URL") else "aws"
    try:
        scratch = Scratch(boto3.Session(), place)
        where = f"account {scratch.account} in {scratch.region}" if place == "aws" else "the local platform"
        if place == "aws" and not options.yes and input(f"Record in {where}, for less than a dollar? [y/N] ") != "y":
            return 2
        names = {scratch.name: "run", scratch.database: "run", scratch.account: "0" * 12}
        recorder = Recorder(place, options.out / place, names)
        with scratch.made():
            for part in options.parts:
                PARTS[part](scratch, recorder)
    except (ClientError, BotoCoreError, TimeoutError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("conformance: stopped; everything that it made is removed", file=sys.stderr)
        return 130
    print(f"kept in {recorder.folder}; look at them before you commit them")
    return 0


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tests.conformance", description=(__doc__ or "").split("\n")[0])
    made.add_argument("--out", type=Path, default=FOLDER, help=f"default: {FOLDER}")
    made.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="default: all")
    made.add_argument("--yes", action="store_true", help="do not ask before an account is used")
    return made


if __name__ == "__main__":
    sys.exit(main())
