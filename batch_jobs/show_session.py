"""Print one live session: what all lanes saw of it, and the rules it broke.

python -m batch_jobs.show_session SESSION_ID --stack clickstream-local
"""

import argparse
import json
import sys

from rich.console import Console
from rich.table import Column
from rich.table import Table as TerminalTable

from aws_stores import DynamoTable
from batch_jobs.command_line import interruptible
from batch_jobs.live_tables import duration_text, parser, plain, table_of, utc_now
from batch_jobs.stack import outputs
from clickstream.detection.live_sessions import LiveSession, live_session
from clickstream.errors import ClickstreamError

WIDE = 100


def main(argv: list[str] | None = None) -> int:
    """Print the session; 1 if there is none, or the stack cannot be read."""
    arguments = _parser().parse_args(argv)
    try:
        names = outputs(arguments.stack)
        metrics, anomalies = (DynamoTable(names[f"{each}TableName"]) for each in ("SessionMetrics", "Anomalies"))
        found = live_session(metrics, anomalies, arguments.session_id, utc_now())
    except ClickstreamError as error:
        print(f"show_session: {error}", file=sys.stderr)
        return 1
    if found is None:
        print(f"show_session: no live session {arguments.session_id!r}; ids are case-sensitive", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(_record(found), indent=2))
    else:
        # Without a terminal to fit, a line has as much as most of them show.
        _print(Console(width=None if sys.stdout.isatty() else WIDE), found)
    return 0


def _record(session: LiveSession) -> dict[str, object]:
    """Everything that is shown, JSON types only."""
    state = session.state
    start, end = state.first_time, state.last_time
    return {
        "session_id": session.session_id,
        "first_time": start.isoformat() if start else None,
        "last_time": end.isoformat() if end else None,
        "duration_ms": int((end - start).total_seconds() * 1000) if start and end else None,
        "events": state.events,
        "page_views": state.page_views,
        "event_types": state.event_types,
        "entry_page": state.entry_page,
        "exit_page": state.exit_page,
        "channel": state.channel,
        "device_type": state.device_type,
        "is_converted": state.is_converted,
        "is_bot": state.is_bot,
        "bot_reason": state.bot_reason,
        "broken_rules": state.broken_rules,
        "lanes": session.lanes,
        "anomalies": [
            {"rule": item["sk"]} | {name: item[name] for name in ("severity", "detected_time", "evidence", "alerted")}
            for item in session.anomalies
        ],
    }


def _print(console: Console, session: LiveSession) -> None:
    record = _record(session)
    table = TerminalTable("session", Column("", overflow="fold"))
    for name, value in record.items():
        if name not in {"anomalies", "duration_ms"}:
            table.add_row(name, plain(_text(value)))
    table.add_row("duration", duration_text(record["duration_ms"]))  # type: ignore[arg-type]  # int or None by _record
    console.print(table)
    if not session.anomalies:
        console.print("no anomalies")
        return
    anomalies = table_of("anomaly", ())
    for heading in ("severity", "detected (UTC)", "evidence", "told"):
        anomalies.add_column(heading, no_wrap=heading != "evidence", overflow="fold")
    for item in session.anomalies:
        time = item["detected_time"][:19].replace("T", " ")
        texts = (item["sk"], item["severity"], time, _text(item["evidence"]), _text(item["alerted"]))
        anomalies.add_row(*map(plain, texts))
    console.print(anomalies)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return {None: "-", True: "yes", False: "no"}[value] if value is None or isinstance(value, bool) else str(value)


def _parser() -> argparse.ArgumentParser:
    made = parser("show_session", __doc__.split("\n")[0])
    made.add_argument("session_id", type=_given, help="the producer's session id")
    return made


def _given(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("give the id of a session, as in `make session ID=s-1`")
    return text


if __name__ == "__main__":
    sys.exit(interruptible(main))
