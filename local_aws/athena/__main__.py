"""Command line: `python -m local_aws.athena --upstream URL`."""

import argparse
import logging
import signal
import sys
import tempfile
import threading
from pathlib import Path

import boto3

from local_aws.athena.server import AthenaServer


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; return the exit code."""
    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="athena-") as own:
        try:
            server = AthenaServer(boto3.Session(), options.upstream, options.cache or Path(own), options.port)
        except OSError as error:
            print(f"cannot listen on port {options.port}: {error}", file=sys.stderr)
            return 1
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a launcher's way to say Ctrl-C
        server.start()
        print(f"AWS_ENDPOINT_URL_ATHENA={server.url}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
        finally:
            server.stop()
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local_aws.athena", description=__doc__)
    parser.add_argument("--upstream", required=True, help="endpoint that answers Glue, S3 and Athena workgroups")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; default: any that is free")
    parser.add_argument("--cache", type=Path, help="folder for copies of S3 objects; default: one that goes at the end")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
