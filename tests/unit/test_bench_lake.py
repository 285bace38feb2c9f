"""What the lake benchmark rests on: an hour with copies, and outputs that are compared whole."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks import lake_duckdb, lake_ours, lake_workload
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
