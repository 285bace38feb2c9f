"""What the lake benchmark rests on: an hour with copies, outputs compared whole, and what is counted of a program."""

import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks import lake_child, lake_duckdb, lake_ours, lake_reports, lake_workload
from benchmarks.lake_engine import answer_of
from clickstream.tables import RAW_EVENTS


def test_another_engine_writes_the_same_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies go, everything else stays, and a change of any value would show."""
    monkeypatch.setattr(lake_workload, "ROWS_PER_FILE", 400)
    workload = lake_workload.write(tmp_path / "landing", 3)
    assert workload.rows == workload.events + 2 * lake_workload.REDELIVERED_PER_FILE
    for name, main in (("ours", lake_ours.main), ("duckdb", lake_duckdb.main)):
        (tmp_path / name / "out").mkdir(parents=True)
        main(tmp_path / "landing", tmp_path / name / "out")
    answer = answer_of(tmp_path / "ours" / "out")
    assert answer == answer_of(tmp_path / "duckdb" / "out")
    assert answer[:2] == (workload.events, workload.events)


def test_the_landing_objects_have_every_column(tmp_path: Path) -> None:
    """The columns and types are those of the table, and ids are all different."""
    lake_workload.write(tmp_path, 1)
    table = pq.read_table(tmp_path / "00000.parquet")
    assert table.schema.equals(RAW_EVENTS.schema)
    assert len(set(table["event_id"].to_pylist())) == len(table)


def test_a_report_reads_the_columns_that_its_statement_names(tmp_path: Path) -> None:
    """Statements of other tables are not counted, and bytes are those of the named columns' chunks."""
    lake_workload.write(tmp_path, 1)
    (tmp_path / "minutes.sql").write_text("SELECT MIN(event_time) AS first FROM raw_events WHERE :received")
    (tmp_path / "sessions.sql").write_text("SELECT event_type FROM sessions")
    assert lake_reports.columns_read(tmp_path) == {"minutes": {"event_time"}}
    group = pq.read_metadata(tmp_path / "00000.parquet").row_group(0)
    place = RAW_EVENTS.schema.get_field_index("event_time")
    assert lake_reports.scanned(tmp_path, tmp_path) == {"sql/minutes.sql": group.column(place).total_compressed_size}


def test_a_program_that_uses_up_its_seconds_is_given_up(tmp_path: Path) -> None:
    """The figures are still printed, and the status says that it was no success."""
    for limit_s, program in ((60, "pass"), (1, "while True: pass")):
        ended = lake_child.started(limit_s, tmp_path / "log", [sys.executable, "-c", program])
        assert (ended.status < 0) == (limit_s == 1)
        assert ended.cpu_s > 0
