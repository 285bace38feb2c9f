"""Stop a SageMaker notebook instance that nobody has used for a while: it costs by the hour, open or not.

    python3 stop_when_idle.py --instance NAME --region REGION [--minutes 60]

Used is what has a kernel that computes or did so within these minutes, or a terminal that somebody typed into; a page
left open in a browser is not. Runs on whatever Python the instance has, back to 3.9, and the AWS command line: it must
work when nothing else could be installed.
"""

from __future__ import annotations

import argparse
import json
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone
from typing import Any

SERVER = "https://localhost:8443"
LOOK_S = 60.0
LISTS = ("kernels", "terminals")


def main() -> int:
    """Watch until the instance has been told to stop; 0 then. It is told again while it refuses."""
    options = _parser().parse_args()
    used = time.time()
    while True:
        time.sleep(options.look_s)
        used = max(used, last_used(options.server, time.time()))
        if time.time() - used >= 60 * options.minutes and stopped(options.instance, options.region):
            return 0


def stopped(instance: str, region: str) -> bool:
    """Tell the instance to stop; whether it was accepted."""
    print("nobody uses it: stopping", instance, flush=True)
    command = ["aws", "sagemaker", "stop-notebook-instance", "--notebook-instance-name", instance, "--region", region]
    return subprocess.run(command, check=False).returncode == 0


def last_used(server: str, now: float) -> float:
    """When Jupyter was used last, in seconds since 1970; 0 if it does not answer: then nobody can use it."""
    try:
        found = [one for name in LISTS for one in _asked(f"{server}/api/{name}")]
    except (OSError, ValueError) as error:
        print("Jupyter does not answer:", error, flush=True)
        return 0.0
    if any(one.get("execution_state") == "busy" for one in found):
        return now
    return max((_seconds(one["last_activity"]) for one in found), default=0.0)


def _asked(address: str) -> list[dict[str, Any]]:
    """The answer of Jupyter, on this machine, whose certificate nobody has signed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with urllib.request.urlopen(address, timeout=10, context=context) as answer:  # noqa: S310  the address is ours
        found: list[dict[str, Any]] = json.load(answer)
    return found


def _seconds(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc).timestamp()  # noqa: UP017


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Stop a notebook instance that nobody uses.")
    parser.add_argument("--instance", required=True, help="its name")
    parser.add_argument("--region", required=True, help="its region")
    parser.add_argument("--minutes", type=float, default=60, help="without use until it is stopped (%(default)s)")
    parser.add_argument("--server", default=SERVER, help="where Jupyter listens (%(default)s)")
    parser.add_argument("--look-s", type=float, default=LOOK_S, help="seconds between two looks (%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
