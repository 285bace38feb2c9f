"""Iceberg tables, written and changed in the ways that awswrangler has."""

import uuid
from typing import Any

import awswrangler as wr
import pandas as pd

from tests.aws.wrangler_calls.place import CLICKS, Place, call


def _write(place: Place, frame: pd.DataFrame, **ways: Any) -> None:
    places: Any = {"table_location": place.at("ice/"), "temp_path": place.fresh(), **place.asked}
    wr.athena.to_iceberg(frame, table="ice", partition_cols=["day"], **places, **ways)


@call("to_iceberg")
def _to_iceberg(place: Place) -> None:
    _write(place, CLICKS.drop(columns=["labels"]))
    assert place.rows("SELECT day, count(*) AS n FROM ice GROUP BY 1 ORDER BY 1") == [
        ["2026-11-21", 2],
        ["2026-11-22", 2],
    ]
    assert wr.catalog.get_table_parameters(place.name, "ice")["table_type"].upper() == "ICEBERG"


@call("to_iceberg merge_cols")
def _merge(place: Place) -> None:
    changed = CLICKS.drop(columns=["labels"]).iloc[[0, 1]].assign(event_id=["k1", "k9"], amount=[100.0, 7.0])
    _write(place, changed, merge_cols=["event_id"])
    found = place.rows("SELECT event_id, amount FROM ice ORDER BY 1")
    assert found == [["k1", 100.0], ["k2", None], ["k3", 4.25], ["k4", 20.0], ["k9", 7.0]]


@call("DELETE, UPDATE, OPTIMIZE, VACUUM")
def _change(place: Place) -> None:
    for sql in (
        "DELETE FROM ice WHERE event_id = 'k2'",
        "UPDATE ice SET amount = amount + 1 WHERE day = '2026-11-22'",
        "OPTIMIZE ice REWRITE DATA USING BIN_PACK",
        "VACUUM ice",
    ):
        assert place.run(sql)["Status"]["State"] == "SUCCEEDED"
    found = place.rows("SELECT event_id, amount FROM ice ORDER BY 1")
    assert found == [["k1", 100.0], ["k3", 5.25], ["k4", 21.0], ["k9", 7.0]]


@call("CREATE TABLE AS of an Iceberg table")
def _create_as(place: Place) -> None:
    name = f"ice_{uuid.uuid4().hex[:8]}"
    options = (
        f"table_type = 'ICEBERG', location = '{place.at(name)}/', is_external = false, partitioning = ARRAY['day']"
    )
    place.run(f"CREATE TABLE {name} WITH ({options}) AS SELECT visitor, day FROM clicks")  # noqa: S608 - our own words
    assert place.rows(f"SELECT count(*) AS n FROM {name}") == [[4]]  # noqa: S608 - our own words


@call("delete_from_iceberg_table")
def _delete_rows(place: Place) -> None:
    wr.athena.delete_from_iceberg_table(
        pd.DataFrame({"event_id": ["k9", "k1"]}),
        table="ice",
        temp_path=place.fresh(),
        merge_cols=["event_id"],
        **place.asked,
    )
    assert place.rows("SELECT event_id FROM ice ORDER BY 1") == [["k3"], ["k4"]]
