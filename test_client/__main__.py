"""Command line of the test client: ``python -m test_client simulate | send | examine | check-labels``."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from clickstream.access_logs import TSV_HEADER
from clickstream_tracker.errors import TrackerError
from test_client import commands
from test_client.errors import ClientError
from test_client.sending import PACKED_BUCKETS, RAW_BUCKETS
from test_client.simulator import DEFAULT_START_TIME
from test_client.source import DEFAULT_SITE
from test_client.stream import DEFAULT_STACK

_NOT_ALL_SENT = 1
_INTERRUPTED = 130
_SIMULATE = """examples:
  python -m test_client simulate --events 100000 --seed 7 --out out/day.ndjson.zst --labels out/labels.ndjson
  python -m test_client simulate --events 5000 --seed 1 --out out/hours.ndjson --start 2026-03-29T00:00:00Z --hours 3

The file is written whole or not at all: .gz and .zst compress. The same options give the same bytes."""
_SEND = f"""examples:
  python -m test_client send out/day.ndjson.zst --arrival-times
  python -m test_client send access.log.gz --stream my-stream --site https://www.example.com --rate 200
  AWS_ENDPOINT_URL=http://127.0.0.1:4566 python -m test_client send out/day.ndjson --raw

Read are NDJSON, web access logs (common or combined format), and tab-separated logs with the header
{TSV_HEADER.decode().replace(chr(9), " ")}; plain, gzip or zstd, told by content.
The file is read to its end before anything is sent: a damaged file is refused, never half sent.
A log has no sessions: session_id is a hash of host and user agent; sessions are split later, in the lake.
Exit code: 0 all sent, 1 the stream did not take everything (the result says how much), 2 unusable file or options."""
_EXAMINE = """example:
  python -m test_client examine access.log.gz"""
_CHECK = """example:
  python -m test_client check-labels out/labels.ndjson out/anomalies.json"""


def _instant(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2026-06-01T00:00:00Z") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _number(kind: Callable[[str], float], lowest: float) -> Callable[[str], float]:
    """Make an argument type: a finite number that is not below ``lowest``."""

    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number of the expected kind") from error
        if not lowest <= value < math.inf:
            raise argparse.ArgumentTypeError(f"{text} is out of range: at least {lowest} is needed")
        return value

    return read


def _site(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} does not begin with http:// or https://")
    return text


def _simulate_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--events", type=_number(int, 1), required=True, help="distinct events; dirt comes on top")
    command.add_argument("--seed", type=int, required=True, help="any integer; chooses the world")
    command.add_argument("--out", type=Path, required=True, help="file to write: .ndjson, .ndjson.gz or .ndjson.zst")
    command.add_argument("--start", type=_instant, default=DEFAULT_START_TIME, help="first arrival, ISO 8601, UTC")
    command.add_argument("--hours", type=_number(float, 1), default=24, help="length of the day (default 24)")
    command.add_argument("--labels", type=Path, help="write the anomalous sessions here, as NDJSON")
    command.set_defaults(run=commands.simulate)


def _send_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=Path, help="NDJSON or a web access log")
    command.add_argument("--stream", help="stream name (default: $STREAM_NAME, else the stack's output StreamName)")
    command.add_argument("--stack", help=f"CloudFormation stack (default: $STACK_NAME, else {DEFAULT_STACK})")
    command.add_argument("--rate", type=_number(float, 0.001), help="at most so many events a second")
    command.add_argument(
        "--arrival-times",
        action="store_true",
        help="partition keys end in @<epoch ms of arrival>, for the local platform",
    )
    command.add_argument("--raw", action="store_true", help="one event a record, plain JSON")
    command.add_argument("--late", type=Path, help="a second file, sent after the first; none of it arrives earlier")
    command.add_argument("--site", type=_site, default=DEFAULT_SITE, help="address that a log's paths belong to")
    command.add_argument(
        "--buckets", type=_number(int, 1), help=f"parts of the sessions (default {PACKED_BUCKETS}, --raw {RAW_BUCKETS})"
    )
    command.set_defaults(run=commands.send)


def _examine_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=Path, help="NDJSON or a web access log")
    command.set_defaults(run=commands.examine_file, site=DEFAULT_SITE)


def _check_labels_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("labels", type=Path, help="what simulate --labels wrote")
    command.add_argument("anomalies", type=Path, help="JSON list or NDJSON of session_id and rule")
    command.set_defaults(run=commands.check_labels)


_COMMANDS = (
    ("simulate", "write a simulated day of a shop as NDJSON", _SIMULATE, _simulate_options),
    ("send", "send a file of events, or a web access log, to Kinesis", _SEND, _send_options),
    ("examine", "say what a file is and whether it can be sent", _EXAMINE, _examine_options),
    ("check-labels", "precision and recall of detected anomalies", _CHECK, _check_labels_options),
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m test_client", description=__doc__)
    subcommands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, text, epilog, add_options in _COMMANDS:
        formatter = argparse.RawDescriptionHelpFormatter
        command = subcommands.add_parser(name, help=text, description=text, epilog=epilog, formatter_class=formatter)
        add_options(command)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return 0 if all is well, 1 if sending failed, 2 for unusable input, 130 after Ctrl-C."""
    options = _parser().parse_args(argv)
    try:
        code: int = options.run(options)
    except ClientError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except TrackerError as error:
        print(f"error: {error}", file=sys.stderr)
        return _NOT_ALL_SENT
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return _INTERRUPTED
    return code


if __name__ == "__main__":
    sys.exit(main())
