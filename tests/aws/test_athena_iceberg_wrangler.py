"""Iceberg tables of the local Athena through unmodified awswrangler."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import awswrangler as wr
import pandas as pd
import pytest

from tests.aws.athena_lake import BUCKET, OUTPUT, serving

# awswrangler 3.17 on pandas 3 says so itself.
pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")
NAMED: Any = {"database": "web", "s3_output": OUTPUT}


@pytest.fixture(autouse=True, scope="module")
def _endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One lake for all: each test names its own tables."""
    with serving(tmp_path_factory.mktemp("cache")):
        yield


def orders(rows: dict[str, float], day: int = 1) -> pd.DataFrame:
    """Return orders of a day, with their values by id."""
    moment = dt.datetime(2026, 3, day, 9)  # noqa: DTZ001 - a timestamp of a table has no zone
    times = pd.Series([moment] * len(rows), dtype="datetime64[us]")
    return pd.DataFrame({"id": list(rows), "value": list(rows.values()), "at": times, "day": moment.date()})


def write(table: str, frame: pd.DataFrame, **ways: Any) -> None:
    """Write by way of awswrangler; each call stages in a folder of its own."""
    temp = f"s3://{BUCKET}/staging/{table}-{len(ways)}-{frame['id'].iloc[0]}/"
    place = f"s3://{BUCKET}/{table}/"
    wr.athena.to_iceberg(frame, table=table, table_location=place, temp_path=temp, keep_files=False, **NAMED, **ways)


def values(table: str) -> dict[str, float]:
    """Return the values by id."""
    frame = wr.athena.read_sql_query(f"SELECT id, value FROM {table}", ctas_approach=False, **NAMED)  # noqa: S608 - own table
    return dict(zip(frame["id"], frame["value"], strict=True))


def test_to_iceberg_creates_appends_and_merges() -> None:
    """With partitions; merging by a column updates what is there and adds the rest."""
    write("orders", orders({"a": 1.5, "b": 2.5}), partition_cols=["day(at)"])
    write("orders", orders({"c": 3.5}, day=2), partition_cols=["day(at)"])
    write("orders", orders({"a": 9.0, "d": 4.5}, day=3), merge_cols=["id"])
    write("orders", orders({"d": 0.0, "e": 5.5}), merge_cols=["id"], merge_condition="ignore")

    assert values("orders") == {"a": 9.0, "b": 2.5, "c": 3.5, "d": 4.5, "e": 5.5}
    typed = wr.athena.read_sql_query("SELECT * FROM orders WHERE id = 'a'", ctas_approach=True, **NAMED)
    assert typed.to_dict("records") == [
        {"id": "a", "value": 9.0, "at": pd.Timestamp("2026-03-03 09:00"), "day": dt.date(2026, 3, 3)}
    ]


def test_to_iceberg_overwrites_all_or_the_partitions_it_brings() -> None:
    """Partitions that the frame does not name stay."""
    write("days", orders({"a": 1.0}), partition_cols=["day"])
    write("days", orders({"b": 2.0}, day=2), partition_cols=["day"])
    write("days", orders({"c": 3.0}, day=2), partition_cols=["day"], mode="overwrite_partitions")
    assert values("days") == {"a": 1.0, "c": 3.0}

    write("days", orders({"z": 0.0}), mode="overwrite")
    assert values("days") == {"z": 0.0}


def test_to_iceberg_grows_the_schema() -> None:
    """A new column is NULL in rows written before."""
    write("growing", orders({"a": 1.0}))
    write("growing", orders({"b": 2.0}).assign(note="new"), schema_evolution=True)
    write("growing", orders({"c": 3.0}))

    frame = wr.athena.read_sql_query("SELECT id, note FROM growing ORDER BY id", ctas_approach=False, **NAMED)
    assert [None if pd.isna(note) else note for note in frame["note"]] == [None, "new", None]


def test_delete_from_iceberg_table() -> None:
    """Rows that match the frame go."""
    write("shrinking", orders({"a": 1.0, "b": 2.0, "c": 3.0}))
    gone = pd.DataFrame({"id": ["a", "c", "nobody"]})
    wr.athena.delete_from_iceberg_table(
        gone, table="shrinking", merge_cols=["id"], temp_path=f"s3://{BUCKET}/staging/gone/", **NAMED
    )

    assert values("shrinking") == {"b": 2.0}


def test_statements_through_start_query_execution() -> None:
    """As scripts run them."""
    write("scripted", orders({"a": 1.0, "b": 2.0}))
    for sql in (
        "DELETE FROM scripted WHERE id = 'b'",
        "UPDATE scripted SET value = value + 1 WHERE id = 'a'",
        "INSERT INTO scripted (id, value) VALUES ('n', 7)",
        "OPTIMIZE scripted REWRITE DATA USING BIN_PACK",
        "VACUUM scripted",
    ):
        execution: Any = wr.athena.start_query_execution(sql, wait=True, **NAMED)
        assert execution["Status"]["State"] == "SUCCEEDED"

    assert values("scripted") == {"a": 2.0, "n": 7.0}
    assert wr.catalog.get_table_types("web", "scripted", filter_iceberg_current=True) == {
        "id": "string",
        "value": "double",
        "at": "timestamp",
        "day": "date",
    }
