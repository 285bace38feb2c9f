"""Serve the example shop and the live counters of a stack on this machine, until Ctrl-C.

python -m examples.shop --stack clickstream-local --tracker out/clickstream.min.js [--port 8080]

`COLLECTOR_URL` names the collector, as in the environment that `make up` prints.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from examples.shop.server import ShopServer

ROOT = Path(__file__).parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM; 1 if something is missing, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    collector = os.environ.get("COLLECTOR_URL", "")
    if not urlsplit(collector).netloc:
        print("shop: COLLECTOR_URL is not set: run `make up`, then `source .local_aws/env`", file=sys.stderr)
        return 1
    if not options.tracker.is_file():
        print(f"shop: {options.tracker} is not there: run `make tracker`", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, _stop)
    try:
        with _live_page(options.stack) as live, ShopServer(collector, live, options.tracker, options.port) as server:
            print(f"{server.url} is the shop, {live} shows its clicks; Ctrl-C ends both", flush=True)
            server.serve_forever()
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"shop: port {options.port} cannot be used ({error}); name another", file=sys.stderr)
        return 1
    return 0


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def _live_page(stack: str) -> Iterator[str]:
    """The live counters while the shop is open: the address that they have. Exits with 1 if they do not start."""
    words = [sys.executable, "-m", "batch_jobs.show_live", "--stack", stack]
    # Its own group: Ctrl-C in the terminal ends the shop, and the shop ends it.
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stdout  # noqa: S101 - a pipe was asked for
            line = process.stdout.readline().split()
            if not line:
                sys.exit(1)
            yield line[0]
        finally:
            process.terminate()


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m examples.shop", description=__doc__.split("\n")[0])
    made.add_argument("--stack", default="clickstream-local", help="stack whose counters are shown")
    made.add_argument("--tracker", type=Path, default=ROOT / "out/clickstream.min.js", help="what `make tracker` wrote")
    made.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any that is free)")
    return made


if __name__ == "__main__":
    sys.exit(main())
