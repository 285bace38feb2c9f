"""Account for every event: count each number where it happens, and say whether they agree.

    python -m batch_jobs.summarize --stack clickstream-local [--sent 100000] [--out out/summary.json]

`received` is read from the stream itself, `landed` and `bad` from the ledger, `counters` and `anomalies` from DynamoDB,
`duplicates`, `quarantined`, `erased` and `redelivered` from the lake's commits, `raw_events_rows` and `sessions` by
Athena. None is a remainder.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as TerminalTable

from aws_stores import DynamoTable, S3Bucket
from batch_jobs.command_line import interruptible
from batch_jobs.queries import Answer, Guard
from batch_jobs.stack import outputs
from batch_jobs.stream_reading import StreamReader
from clickstream.detection.alerting import is_anomaly, rule_of
from clickstream.errors import ClickstreamError
from clickstream.intake.envelopes import payloads
from clickstream.intake.reasons import Rejected
from clickstream.lake.generations import lake_commits
from clickstream.lake.statements import read_statement
from clickstream.ledger import Ledger, totals
from clickstream.stream.processing import CONSUMER

_TOTALS = Path(__file__).parents[1] / "sql" / "lake_totals.sql"


@dataclass
class Summary:
    """The numbers of a whole run; `sent` is None where nobody counted it."""

    sent: int | None
    received: int
    landed: int
    bad: int
    imported: int
    """Landed from files of history: in the lake, and neither in the stream nor in the counters."""
    duplicates: int
    quarantined: int
    erased: int
    redelivered: int
    counters: dict[str, int]
    sessions: int
    anomalies: int
    anomalies_by_rule: dict[str, int]
    raw_events_rows: int
    received_hours: int
    reports: list[dict[str, Any]]
    bytes_scanned: int
    seconds: dict[str, float] = field(default_factory=dict)
    detection: dict[str, Any] | None = None

    def disagreements(self) -> list[str]:
        """Each identity that does not hold, as a sentence."""
        sent = self.received if self.sent is None else self.sent
        identities = [
            ("sent = received", sent, self.received),
            ("received = landed + bad", self.received, self.landed + self.bad),
            (
                "raw_events_rows = landed + imported - duplicates - quarantined - erased - redelivered",
                self.raw_events_rows,
                self.landed + self.imported - self.duplicates - self.quarantined - self.erased - self.redelivered,
            ),
            ("sum(counters) = landed", sum(self.counters.values()), self.landed),
        ]
        return [f"{name} does not hold: {left:,} and {right:,}" for name, left, right in identities if left != right]


def main(argv: list[str] | None = None) -> int:
    """Print the table, write the JSON; 1 if an identity does not hold."""
    arguments = _parser().parse_args(argv)
    try:
        summary = summarize(outputs(arguments.stack), arguments)
    except ClickstreamError as error:
        print(f"summarize: {error}", file=sys.stderr)
        return 1
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(asdict(summary), indent=2) + "\n", encoding="utf-8")
    Console().print(_table(summary))
    for sentence in summary.disagreements():
        print(sentence, file=sys.stderr)
    return 1 if summary.disagreements() else 0


def summarize(names: dict[str, str], arguments: argparse.Namespace) -> Summary:
    """Every number, from its own place."""
    bucket = S3Bucket(names["BucketName"])
    ledger = Ledger(DynamoTable(names["LedgerTableName"]), bucket)
    streamed = totals(_commits(ledger, is_import=False))
    lake = list(lake_commits(bucket))
    reports = _loaded(arguments.reports, {"reports": []})
    anomalies = Counter(rule_of(item) for item in DynamoTable(names["AnomaliesTableName"]).scan() if is_anomaly(item))
    answer = _lake_totals(names, {*ledger.hours(), *(commit.hour for commit in lake)})
    (found,) = answer.rows()
    return Summary(
        sent=arguments.sent,
        received=_received(StreamReader(names["StreamName"])),
        landed=streamed["landed"],
        bad=streamed["bad"],
        imported=totals(_commits(ledger, is_import=True))["landed"],
        duplicates=sum(commit.duplicates for commit in lake),
        quarantined=sum(commit.quarantined for commit in lake),
        erased=sum(commit.erased for commit in lake),
        redelivered=sum(commit.redelivered for commit in lake),
        counters=dict(_counters(names["CountersTableName"]).most_common()),
        sessions=int(found["sessions"]),
        anomalies=anomalies.total(),
        anomalies_by_rule=dict(sorted(anomalies.items())),
        raw_events_rows=int(found["event_rows"]),
        received_hours=len(lake),
        reports=reports["reports"],
        bytes_scanned=answer.bytes_scanned + sum(report.get("bytes_scanned") or 0 for report in reports["reports"]),
        seconds=_loaded(arguments.seconds, {}),
        detection=_loaded(arguments.detection, None),
    )


def _commits(ledger: Ledger, *, is_import: bool) -> Iterator[Any]:
    lanes = (lane for lane in ledger.lanes(CONSUMER) if lane.is_import == is_import)
    return chain.from_iterable(map(ledger.commits, lanes))


def _counters(table: str) -> Counter[str]:
    """Events by type, summed over every page."""
    total: Counter[str] = Counter()
    for page in DynamoTable(table).scan():
        total.update(page["event_types"])
    return total


def _received(stream: StreamReader) -> int:
    """Events in every record that the stream still holds."""
    return sum(_events(record.data) for shard_id in stream.shards() for record in stream.records(shard_id))


def _events(data: bytes) -> int:
    try:
        return len(payloads(data))
    except Rejected:
        return 1


def _lake_totals(names: dict[str, str], hours: set[str]) -> Answer:
    """Rows of `raw_events` and distinct sessions in them, over every hour that anything landed in or was compacted."""
    guard = Guard(names["DatabaseName"], names["WorkgroupName"])
    return guard.ask(read_statement(_TOTALS), hours, {})


def _loaded(path: Path | None, default: Any) -> Any:  # noqa: ANN401  any JSON
    return json.loads(path.read_text(encoding="utf-8")) if path else default


def _table(summary: Summary) -> TerminalTable:
    table = TerminalTable("number", "value", title="Every event accounted for")
    lost = ("duplicates", "quarantined", "erased", "redelivered")
    for name in (
        "sent",
        "received",
        "landed",
        "bad",
        "imported",
        *lost,
        "raw_events_rows",
        "received_hours",
        "sessions",
        "anomalies",
        "bytes_scanned",
    ):
        value = getattr(summary, name)
        table.add_row(name, "not counted" if value is None else f"{value:,}")
    table.add_section()
    for name, count in summary.counters.items():
        table.add_row(f"counter {name}", f"{count:,}")
    table.add_section()
    for rule, count in summary.anomalies_by_rule.items():
        table.add_row(f"anomaly {rule}", f"{count:,}")
    for rule, scores in ((summary.detection or {}).get("rules") or {}).items():
        table.add_row(
            f"detection of {rule}", f"precision {_share(scores['precision'])}, recall {_share(scores['recall'])}"
        )
    table.add_section()
    for stage, seconds in summary.seconds.items():
        table.add_row(f"seconds {stage}", f"{seconds:.1f}")
    return table


def _share(share: float | None) -> str:
    """A ratio; a rule that found nothing has no precision."""
    return "-" if share is None else f"{share:.3f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m batch_jobs.summarize", description=__doc__.split("\n")[0])
    parser.add_argument("--stack", default="clickstream-local", help="stack whose outputs name everything")
    parser.add_argument("--sent", type=int, help="events that the sender says it has sent")
    parser.add_argument("--reports", type=Path, help="reports.json of run_reports")
    parser.add_argument("--seconds", type=Path, help="JSON object of seconds per stage")
    parser.add_argument("--detection", type=Path, help="result of `test_client check-labels`")
    parser.add_argument("--out", type=Path, help="file for the summary as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(interruptible(main))
