"""Serve a live page of the stack's tables on this machine: counters, top pages, sessions and anomalies as they come.

python -m batch_jobs.show_live --stack clickstream-local [--port 8080] [--every 5]

Ctrl-C ends it. `/state.json` has the same numbers for programs.
"""

import argparse
import sys
from datetime import timedelta

from aws_stores import DynamoTable
from batch_jobs.command_line import interruptible
from batch_jobs.lake_interval import whole_number
from batch_jobs.ledger_tools import retention_days
from batch_jobs.live.server import LiveServer
from batch_jobs.live.state import Tables
from batch_jobs.live.watch import Watch, in_background
from batch_jobs.live_tables import utc_now
from batch_jobs.stack import outputs
from clickstream.errors import ClickstreamError

_NAMES = ("Counters", "PageMetrics", "SessionMetrics", "Anomalies")


def main(argv: list[str] | None = None) -> int:
    """Serve until Ctrl-C; 1 if the stack cannot be read or the port is taken, 2 for wrong usage."""
    options = _parser().parse_args(argv)
    try:
        watch = Watch(_tables(options.stack), utc_now, timedelta(seconds=options.every), in_background)
        server = LiveServer(watch, options.stack, options.port)
    except ClickstreamError as error:
        print(f"show_live: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"show_live: port {options.port} cannot be used ({error}); name another", file=sys.stderr)
        return 1
    with server:
        print(f"{server.url} shows {options.stack} live; Ctrl-C ends it", flush=True)
        server.serve_forever()
    return 0


def _tables(stack: str) -> Tables:
    names = outputs(stack)
    counters, page_metrics, sessions, anomalies = (DynamoTable(names[f"{name}TableName"]) for name in _NAMES)
    return Tables(counters, page_metrics, sessions, anomalies, retention_days(names))


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m batch_jobs.show_live", description=__doc__.split("\n")[0], allow_abbrev=False
    )
    made.add_argument("--stack", default="clickstream-local", help="stack whose outputs name the tables")
    made.add_argument("--port", type=_port, default=0, help="port on 127.0.0.1 (default: any that is free)")
    made.add_argument(
        "--every", type=whole_number, default=5, metavar="SECONDS", help="between two reads of the counters (default 5)"
    )
    return made


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number up to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(interruptible(main))
