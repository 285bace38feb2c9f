"""The three commands: each takes parsed options and returns the exit code."""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from clickstream_tracker.answers import kinesis_client
from clickstream_tracker.sender import Sender
from test_client import labels
from test_client.files import new_file
from test_client.sending import SendOptions, check_fits, send_source
from test_client.simulator import Simulation
from test_client.source import Source, examine
from test_client.stream import stream_name_of
from test_client.terminal import print_json, print_table, progress_bar

_BAR_STEP = 1_000


def _utc(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")


def simulate(options: argparse.Namespace) -> int:
    """Write a simulated day, and the labels of its anomalies if asked; print what it holds."""
    simulation = Simulation(options.events, options.seed, options.start, options.hours)
    _write_lines(simulation, options.out, options.events)
    if options.labels:
        with new_file(options.labels) as file:
            for label in simulation.labels():
                file.write(msgspec.json.encode({"session_id": label.session_id, "label": label.label}) + b"\n")
    summary = simulation.summary()
    parts = {**summary["event_types"], **{f"bad: {kind}": count for kind, count in summary["bad_lines"].items()}}
    rows = [*parts.items(), *summary["oddities"].items(), ("resends", summary["resends"])]
    print_table(f"{options.out}: {summary['lines']:,} lines", ("what", "lines"), rows)
    print_json({"out": str(options.out), "seed": options.seed, **summary})
    return 0


def _write_lines(simulation: Simulation, path: Path, events: int) -> None:
    with new_file(path) as file, progress_bar("simulate", events) as bar:
        for count, line in enumerate(simulation.lines(), 1):
            file.write(line.data + b"\n")
            if count % _BAR_STEP == 0:
                bar.advance(_BAR_STEP)


def examine_file(options: argparse.Namespace) -> int:
    """Read a file to its end and say what it is; nothing is sent."""
    source = examine(options.file, options.site)
    print_json({"file": str(source.path), "format": source.kind, "lines": source.lines, "blank": source.blank})
    return 0


def send(options: argparse.Namespace) -> int:
    """Send a file; print what the stream accepted, also when sending had to stop."""
    source = examine(options.file, options.site)
    late = examine(options.late, options.site) if options.late else None
    for part in (source, late):
        if part:
            check_fits(part, is_raw=options.raw)
    stream_name = stream_name_of(options.stream, options.stack)
    lines = source.lines + (late.lines if late else 0)
    with progress_bar(f"send to {stream_name}", lines) as bar:
        sender = Sender(kinesis_client(), stream_name, sleep=time.sleep, on_accepted=bar.advance)
        send_options = SendOptions(options.rate, options.buckets, options.raw, options.arrival_times)
        start_s = time.monotonic()
        try:
            send_source(source, sender, send_options, clock=time.monotonic, sleep=time.sleep, late=late)
        finally:
            _report(sender, source, late, time.monotonic() - start_s)
    return 0


def _report(sender: Sender, source: Source, late: Source | None, duration_s: float) -> None:
    totals = sender.totals
    lines = source.lines + (late.lines if late else 0)
    result: dict[str, Any] = {
        "sent": totals.events,
        "records": totals.records,
        "bytes": totals.size,
        "seconds": round(duration_s, 3),
        "bad_hint": totals.bad_hint,
        "unsent": lines - totals.events,
        "blank": source.blank + (late.blank if late else 0),
        "retried_records": totals.retried,
        "format": source.kind,
    }
    print_table(f"sent {source.path}", ("what", "count"), result.items())
    print_json(result)


def check_labels(options: argparse.Namespace) -> int:
    """Compare detected anomalies with the labels; print precision and recall of each rule."""
    result = labels.score(labels.read_labels(options.labels), labels.read_anomalies(options.anomalies))
    header = ("rule", "right", "wrong", "missed", "precision", "recall")
    print_table("rules", header, [(rule, *row.cells()) for rule, row in result.rules.items()])
    confusion = result.confusion.items()
    pairs = [(label, rule, row[rule]) for label, row in confusion for rule in labels.COLUMNS if row[rule]]
    print_table("sessions by label and detected rule", ("label", "rule", "sessions"), pairs)
    print_json(result.as_json())
    return 0
