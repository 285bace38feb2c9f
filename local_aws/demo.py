"""`make demo`: the whole way of an event on one machine, from an empty folder to a report, then everything stopped.

    python -m local_aws.demo [--events N | --file PATH] [--seed S] [--out DIR]

Every stage is one of the project's own commands, run as a person would, against a platform of its own. The numbers at
the end come from `batch_jobs.show_ledger` and `batch_jobs.summarize`, which fail if an event is not accounted for.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from local_aws.access import tool_environment
from local_aws.errors import PlatformError
from local_aws.server_record import load_record
from local_aws.state import PROJECT_FOLDER, StateFolder

STACK = "clickstream-local"
LATE_AFTER = timedelta(hours=12)
"""The hour of the simulated day that a late file belongs to."""
LATE_EVENTS = 300
_START_LIMIT_S = 60.0
_console = Console(stderr=True)


@dataclass
class Demo:
    """One run: where it writes, the environment of its platform, and the seconds of each stage."""

    out: Path
    environment: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    day_start: datetime = field(default_factory=lambda: _yesterday(datetime.now(UTC)))
    """First arrival of the simulated day: yesterday is over, and live counters still keep it."""

    def stage(self, name: str, *command: str | Path) -> str:
        """Run one command of the project as a named, timed stage; return what it wrote to standard output.

        Raises:
            PlatformError: It failed; its own message is already on the terminal.
        """
        _console.rule(f"[bold]{name}")
        began = time.monotonic()
        result = subprocess.run(
            [sys.executable, "-m", *map(str, command)],
            env=os.environ | self.environment,
            cwd=PROJECT_FOLDER,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        self.seconds[name] = round(time.monotonic() - began, 2)
        if result.returncode:
            sys.stderr.write(result.stdout)
            raise PlatformError(f"The stage {name!r} failed (exit code {result.returncode}); its message is above.")
        return result.stdout


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0 = done and every event accounted for, 1 = not, 130 = stopped by Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        return run(options)
    except PlatformError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; nothing is left running", file=sys.stderr)
        return 130


def run(options: argparse.Namespace) -> int:
    """The stages, in the order in which an event meets them."""
    out: Path = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    demo = Demo(out)
    source = _source(demo, options)
    with _platform(demo):
        demo.stage("deploy", "local_aws", "deploy", "--state", out / ".state")
        # Few buckets: a record ends with its minute, so every bucket more makes the records smaller.
        arrival = [] if options.file else ["--arrival-times", "--buckets", "4"]
        sent = _counted(demo.stage("send", "test_client", "send", source, "--stack", STACK, *arrival))
        demo.stage("process", "local_aws", "wait", "--state", out / ".state", "--timeout", "600")
        sent += Counter() if options.file else _send_late(demo, options)
        reports = ("--include-open", "--whole", "--out", out)
        demo.stage("batch", "batch_jobs.run_steps", "--steps", "hourly,daily", "--stack", STACK, *reports)
        if not options.file:
            _score_detection(demo)
        print(demo.stage("ledger", "batch_jobs.show_ledger", "--stack", STACK, "--sent-records", str(sent["records"])))
        return _summarize(demo, sent["sent"], began)


def _yesterday(now: datetime) -> datetime:
    """The midnight with which the last whole UTC day began."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)


def _source(demo: Demo, options: argparse.Namespace) -> Path:
    """The file to send: the user's, or a simulated day."""
    if options.file:
        demo.stage("read", "test_client", "examine", Path(options.file).resolve())
        return Path(options.file).resolve()
    day = demo.out / "day.ndjson.zst"
    size = ("--events", str(options.events), "--seed", str(options.seed))
    words = (*size, "--start", demo.day_start.isoformat(), "--out", day, "--labels", demo.out / "labels.ndjson")
    demo.stage("simulate", "test_client", "simulate", *words)
    return day


def _send_late(demo: Demo, options: argparse.Namespace) -> Counter[str]:
    """Compact, then send a file that arrived in an hour already compacted: the next batch must take it in.

    Returns how many events were `sent`, in how many `records`.
    """
    late = demo.out / "late.ndjson.zst"
    size = ("--events", str(LATE_EVENTS), "--seed", str(options.seed + 1), "--hours", "1")
    demo.stage("compact", "batch_jobs.run_steps", "--steps", "open_partitions,compact_events", "--stack", STACK)
    start = (demo.day_start + LATE_AFTER).isoformat()
    demo.stage("simulate late", "test_client", "simulate", *size, "--start", start, "--out", late)
    sending = ("send", late, "--stack", STACK, "--arrival-times", "--buckets", "4")
    sent = _counted(demo.stage("send late", "test_client", *sending))
    demo.stage("process late", "local_aws", "wait", "--state", demo.out / ".state", "--timeout", "600")
    return sent


def _counted(report: str) -> Counter[str]:
    """The sender's own count of events and records."""
    sent = json.loads(report)
    return Counter({name: int(sent[name]) for name in ("sent", "records")})


def _score_detection(demo: Demo) -> None:
    """Compare the anomalies in DynamoDB with what the simulator did."""
    anomalies = demo.out / "anomalies.ndjson"
    anomalies.write_text(demo.stage("detect", "batch_jobs.list_anomalies", "--stack", STACK), encoding="utf-8")
    scores = demo.stage("score", "test_client", "check-labels", demo.out / "labels.ndjson", anomalies)
    (demo.out / "detection.json").write_text(scores, encoding="utf-8")


def _summarize(demo: Demo, sent: int, began: float) -> int:
    seconds = demo.out / "seconds.json"
    demo.seconds["total"] = round(time.monotonic() - began, 2)
    seconds.write_text(json.dumps(demo.seconds), encoding="utf-8")
    detection = demo.out / "detection.json"
    words: list[str | Path] = [
        "--stack",
        STACK,
        "--sent",
        str(sent),
        "--seconds",
        seconds,
        "--out",
        demo.out / "summary.json",
    ]
    words += ["--reports", demo.out / "reports.json"]
    words += ["--detection", detection] if detection.exists() else []
    print(demo.stage("summary", "batch_jobs.summarize", *words))
    _console.print(f"[bold]{demo.out / 'report.html'}[/] is the report; {demo.out / 'summary.json'} has the numbers.")
    return 0


@contextmanager
def _platform(demo: Demo) -> Iterator[None]:
    """A platform of its own below the output folder; stopped at the end, also if this process is killed."""
    state = StateFolder.at(demo.out / ".state")
    words = ["--state", str(state.root), "--in-memory", "--exit-with-parent"]
    words += ["--arrival-times", "from-partition-key"]
    _console.rule("[bold]start")
    began = time.monotonic()
    with (state.log_folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local_aws", "serve", *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=PROJECT_FOLDER,
            start_new_session=True,
        )
    try:
        demo.environment |= _when_ready(process, state)
        demo.seconds["start"] = round(time.monotonic() - began, 2)
        yield
    finally:
        process.terminate()
        process.wait()
        state.erase()


def _when_ready(process: subprocess.Popen[bytes], state: StateFolder) -> dict[str, str]:
    deadline = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline:
        record = load_record(state)
        if record is not None and record.pid == process.pid:
            return tool_environment(record.endpoints, os.environ)
        if process.poll() is not None:
            break
        time.sleep(0.05)
    log = (state.log_folder / "serve.log").read_text(encoding="utf-8", errors="replace")
    raise PlatformError(f"The platform did not start:\n{log.strip()}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_aws.demo", description=__doc__.split("\n")[0])
    parser.add_argument("--events", type=int, default=100_000, help="events to simulate (default 100,000)")
    parser.add_argument("--seed", type=int, default=7, help="which simulated day (default 7)")
    parser.add_argument("--file", help="send this file instead: NDJSON of events, or a web access log")
    parser.add_argument("--out", type=Path, default=PROJECT_FOLDER / "out", help="output folder (default out/)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
