"""A stack with a ledger and a lake, on AWS in memory; events get into it as history from files."""

from pathlib import Path

import boto3
import msgspec
import pytest

from batch_jobs import backfill_events, ledger_tools
from batch_jobs.stack_lake import stack_lake
from clickstream.lake.compaction import compact_hours
from clickstream.lake.work import Lake
from clickstream.tables import LAKE_TABLES
from tests.aws.ledger_stack import NAMES, SETTINGS, Deployment
from tests.aws.small_lake import DATABASE, table_input

DAY = "2025-03-01"


class LakeStack(Deployment):
    """A deployment with a lake. `folder` is for files."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        glue = boto3.client("glue")
        glue.create_database(DatabaseInput={"Name": DATABASE})
        for table in LAKE_TABLES:
            glue.create_table(DatabaseName=DATABASE, TableInput=table_input(table))
        self.folder = folder
        self.lake: Lake = stack_lake("stack")

    def land(self, time: str, *events: dict[str, object]) -> None:
        """Import events of a time of the day, and compact."""
        path = self.folder / f"{time}-{len(list(self.folder.iterdir()))}.ndjson"
        rows = [{"event_type": "page_view", "timestamp": f"{DAY}T{time}Z"} | event for event in events]
        path.write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
        assert backfill_events.main([str(path)]) == 0
        self.compact()

    def compact(self) -> None:
        """Every hour."""
        outcomes = list(compact_hours(self.lake, self.lake.ledger.hours()))
        assert {outcome.result for outcome in outcomes} <= {"compacted", "confirmed", "pointed"}


@pytest.fixture
def stack(aws: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LakeStack:
    """Everything that a stack names."""
    monkeypatch.setattr(ledger_tools, "outputs", lambda _: NAMES | {"DatabaseName": DATABASE})
    monkeypatch.setattr(ledger_tools, "variables_of", lambda _: {})
    monkeypatch.setattr(ledger_tools, "settings_of", lambda _: SETTINGS)
    return LakeStack(tmp_path)
