"""Forty-eight questions of a clickstream through unmodified awswrangler, by way of a CSV and of a table."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import awswrangler as wr
import boto3
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from awswrangler.exceptions import QueryFailed

from tests.aws.athena_answers import ANSWERS
from tests.aws.athena_answers.events import EVENTS, FOLDER, grouped
from tests.aws.athena_lake import BUCKET, OUTPUT, rows_of, serving

# awswrangler 3.17 on pandas 3 says so itself.
pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")

PAGE = Path(__file__).parents[2] / "docs/athena-differences.md"
QUERIES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.sql"))}
_BASKET = pa.list_(pa.struct([("sku", pa.string()), ("price", pa.float64()), ("count", pa.int64())]))
SCHEMA = pa.schema(
    [
        ("event_id", pa.string()), ("visitor", pa.string()), ("happened", pa.timestamp("ms")), ("kind", pa.string()),
        ("page", pa.string()), ("referrer", pa.string()), ("amount", pa.float64()), ("pieces", pa.int32()),
        ("details", pa.string()), ("labels", pa.list_(pa.string())), ("device", pa.map_(pa.string(), pa.string())),
        ("place", pa.struct([("country", pa.string()), ("city", pa.string())])), ("basket", _BASKET),
    ]
)  # fmt: skip
_TABLE = f"""
CREATE EXTERNAL TABLE clicks (
  event_id string, visitor string, happened timestamp, kind string, page string, referrer string, amount double,
  pieces int, details string, labels array<string>, device map<string,string>,
  place struct<country:string,city:string>, basket array<struct<sku:string,price:double,count:bigint>>
) PARTITIONED BY (day string, hour string) STORED AS PARQUET LOCATION 's3://{BUCKET}/clicks/'
"""


@pytest.fixture(autouse=True, scope="module")
def _endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The events as a table with a partition for each hour, served."""
    with serving(tmp_path_factory.mktemp("cache")):
        for (day, hour), events in grouped(EVENTS, "day", "hour").items():
            rows = [{name: event[name] for name in SCHEMA.names} for event in events]
            body = io.BytesIO()
            pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), body)
            key = f"clicks/day={day}/hour={hour}/part-0.parquet"
            boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body.getvalue())
        rows_of(_TABLE)
        rows_of("MSCK REPAIR TABLE clicks")
        yield


def asked(query: str, *, by_table: bool) -> list[tuple[Any, ...]]:
    """Run a query with awswrangler and return its rows as plain values."""
    frame = wr.athena.read_sql_query(query, database="web", s3_output=OUTPUT, ctas_approach=by_table)
    return [tuple(plain(value) for value in row) for row in frame.itertuples(index=False, name=None)]


def plain(value: Any) -> Any:
    """Return a value of a frame as Python has it; instants without a zone, as the table has them."""
    if isinstance(value, (list, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if value is None or (not isinstance(value, (dict, tuple)) and pd.isna(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def is_same(got: Any, wanted: Any) -> bool:
    """Return whether a value is the one wanted, of its type; nested ones come as text or as themselves."""
    match wanted:
        case dict() if isinstance(got, str):
            return sorted(got[1:-1].split(", ")) == sorted(f"{key}={value}" for key, value in wanted.items())
        case list() if isinstance(got, str):
            return got == f"[{', '.join(map(str, wanted))}]"
        case dict():
            return dict(got) == dict(wanted)
        case float():
            return isinstance(got, float) and got == pytest.approx(wanted, rel=1e-12)
        case str():
            return str(got) == wanted
    return type(got) is type(wanted) and bool(got == wanted)


def are_same(got: list[tuple[Any, ...]], wanted: list[tuple[Any, ...]]) -> bool:
    """Return whether all rows are those wanted, in their order."""
    return len(got) == len(wanted) and all(
        len(row) == len(other) and all(map(is_same, row, other)) for row, other in zip(got, wanted, strict=True)
    )


@pytest.mark.parametrize("name", [name for name in QUERIES if name in ANSWERS])
def test_a_query_has_the_answer_of_plain_python(name: str) -> None:
    """By way of a CSV in its order, by way of a table, which has none, with the same rows."""
    wanted = ANSWERS[name]()
    by_csv, by_table = (asked(QUERIES[name], by_table=way) for way in (False, True))

    assert are_same(by_csv, wanted), by_csv
    assert are_same(sorted(by_table, key=repr), sorted(wanted, key=repr)) or are_same(by_table, wanted), by_table


@pytest.mark.parametrize("name", [name for name in QUERIES if name not in ANSWERS])
@pytest.mark.parametrize("by_table", [False, True])
def test_a_query_without_an_answer_is_refused_aloud(name: str, *, by_table: bool) -> None:
    """The error says that the engine is a local one."""
    with pytest.raises(QueryFailed, match=r"NOT_SUPPORTED \(local engine\): "):
        asked(QUERIES[name], by_table=by_table)


def test_the_page_counts_the_queries_and_names_those_refused() -> None:
    """None is an answer to no query, at least 45 of 48 are answered."""
    refused = sorted(QUERIES.keys() - ANSWERS.keys())
    section = PAGE.read_text(encoding="utf-8").split("\n## Queries\n")[1].split("\n## ")[0]

    assert ANSWERS.keys() <= QUERIES.keys()
    assert (len(QUERIES), len(ANSWERS) >= 45) == (48, True)
    assert f"{len(QUERIES)} queries: {len(ANSWERS)} the same both ways, {len(refused)} refused" in section
    assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == refused
