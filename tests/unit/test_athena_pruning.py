"""Partition pruning reads less and never answers differently."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from local_aws.athena.catalog import DEFAULT_PARTITION, Partition, Table
from local_aws.athena.duck import Database
from local_aws.athena.errors import QueryError
from local_aws.athena.pruning import conditions_of, prune
from local_aws.athena.translate.dialect import generate, parse
from local_aws.athena.translate.rewrite import rewrite

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
DAYS = ["2026-11-20", "2026-11-21", "2026-11-22", DEFAULT_PARTITION]
HOURS = ["0", "1", "23"]
EVENTS = Table(
    database="lake",
    name="events",
    columns=(("n", "int"),),
    keys=(("dt", "date"), ("hour", "int")),
    location="s3://lake/empty/",
    raw={},
)


@pytest.fixture(scope="module")
def cursor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor of one embedded database."""
    folder: Path = tmp_path_factory.mktemp("athena") / "spill"
    folder.mkdir()
    database = Database(folder)
    opened = database.cursor()
    opened.execute("CREATE TEMP TABLE others AS SELECT * FROM (VALUES (1, DATE '2026-11-20'), (2, NULL)) t(n, day)")
    yield opened
    opened.close()
    database.close()


def in_duckdb(node: exp.Expr) -> str:
    """Return an expression or a query in DuckDB's words."""
    if isinstance(node, exp.Query):
        return generate(rewrite(node, NOON))
    return generate(rewrite(exp.Select().select(node), NOON).expressions[0].unalias())


def kept_by(cursor: duckdb.DuckDBPyConnection, sql: str, partitions: list[Partition]) -> list[Partition]:
    """Return the partitions that every reference to `events` in a query needs together."""
    tree = parse(sql)
    kept: set[Partition] = set()
    for node in tree.find_all(exp.Table):
        if node.name == "events":
            conditions, optional = conditions_of(node, EVENTS, node.alias or node.name, in_duckdb)
            kept |= set(prune(cursor, EVENTS, partitions, conditions, optional=optional))
    return [partition for partition in partitions if partition in kept]


def answer(cursor: duckdb.DuckDBPyConnection, sql: str, rows: list[tuple[int, Partition]]) -> list[tuple[object, ...]]:
    """Return the answer of a query over events that lie in these partitions."""
    cursor.execute("CREATE OR REPLACE TEMP TABLE events (n INTEGER, dt DATE, hour INTEGER)")
    for n, partition in rows:
        day = None if partition.values[0] == DEFAULT_PARTITION else partition.values[0]
        cursor.execute("INSERT INTO events VALUES (?, ?, ?)", [n, day, int(partition.values[1])])
    return sorted(cursor.execute(in_duckdb(parse(sql))).fetchall(), key=repr)


def partition(day: str, hour: str) -> Partition:
    """Return a partition; its location does not matter here."""
    return Partition((day, hour), f"s3://lake/{day}/{hour}/")


ATOMS = st.sampled_from(
    [
        "dt = DATE '2026-11-20'",
        "dt >= current_date - INTERVAL '1' DAY",
        "dt BETWEEN DATE '2026-11-20' AND DATE '2026-11-21'",
        "dt IN (DATE '2026-11-20', DATE '2026-11-22')",
        "dt IS NULL",
        "date_add('hour', hour, CAST(dt AS timestamp)) > TIMESTAMP '2026-11-21 00:30:00'",
        "hour = 1",
        "hour < 2",
        "hour IN (0, 23)",
        "hour <> 23",
        "n > 2",
        "n = hour",
        "n IS NULL",
        "coalesce(dt, DATE '2026-11-22') = DATE '2026-11-22'",
        "e.dt = DATE '2026-11-21'",
        "1 = 1",
        "NULL",
        "random() >= 0",
        "exists (SELECT 1 FROM others x WHERE x.day = e.dt)",
        "10 / hour > 3",
    ]
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} AND {pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} OR {pair[1]})"),
        inner.map(lambda one: f"(NOT {one})"),
        inner.map(lambda one: f"({one} IS NOT TRUE)"),
    ),
    max_leaves=6,
)
SHAPES = st.sampled_from(
    [
        "SELECT e.n, e.dt, e.hour FROM events e WHERE {where}",
        "WITH w AS (SELECT * FROM events e WHERE {where}) SELECT dt, count(*) AS k FROM w GROUP BY dt",
        "SELECT count(*) AS k FROM (SELECT * FROM events e WHERE {where}) s",
        "SELECT o.day, e.n FROM others o JOIN events e ON o.n = e.n WHERE {where}",
        "SELECT o.day, e.n, e.dt FROM others o LEFT JOIN events e ON o.day = e.dt WHERE {where}",
        "SELECT o.day, e.n, e.dt FROM others o LEFT JOIN events e ON {where}",
        "SELECT o.day, e.n, e.dt FROM events e LEFT JOIN others o ON {where}",
        "SELECT o.day, e.n, e.dt FROM events e RIGHT JOIN others o ON {where}",
        "SELECT o.day, e.n, e.dt FROM events e FULL JOIN others o ON o.day = e.dt WHERE {where}",
        "SELECT e.n FROM events e WHERE {where} UNION ALL SELECT f.n FROM events f WHERE f.hour = 1",
        "SELECT o.n FROM others o WHERE o.n IN (SELECT e.n FROM events e WHERE {where})",
        "SELECT max(e.n) OVER () AS m FROM events e WHERE {where}",
        "SELECT * FROM (SELECT * FROM events) e WHERE {where}",
        "WITH w AS (SELECT n, dt, hour FROM events v) SELECT e.n FROM w e WHERE {where}",
        "WITH w AS (SELECT * FROM events) SELECT e.n, f.n AS k FROM w e JOIN w f ON e.n = f.n WHERE {where}",
        "SELECT * FROM (SELECT n, dt, hour + 1 AS hour FROM events v) e WHERE {where}",
        "SELECT * FROM (SELECT row_number() OVER (ORDER BY dt, hour, n) AS n, dt, hour FROM events v) e WHERE {where}",
        "SELECT * FROM (SELECT dt, hour, n FROM events v ORDER BY dt, hour, n LIMIT 3) e WHERE {where}",
        "SELECT * FROM (SELECT count(*) AS n, max(dt) AS dt, max(hour) AS hour FROM events v) e WHERE {where}",
        "SELECT o.day, e.n FROM others o LEFT JOIN (SELECT * FROM events) e ON o.day = e.dt WHERE {where}",
        "SELECT o.day, e.n FROM others o LEFT JOIN (SELECT * FROM events) e ON {where}",
        "SELECT * FROM (SELECT v.n, v.dt, o.n AS hour FROM events v JOIN others o ON v.n = o.n) e WHERE {where}",
        "SELECT e.dt, count(*) AS k FROM events e GROUP BY e.dt HAVING count(*) > 1",
    ]
)
ROWS = st.lists(
    st.tuples(st.integers(0, 4), st.builds(partition, st.sampled_from(DAYS), st.sampled_from(HOURS))), max_size=12
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shape=SHAPES, condition=CONDITIONS, rows=ROWS)
def test_a_query_over_the_kept_partitions_answers_as_over_all(
    cursor: duckdb.DuckDBPyConnection, shape: str, condition: str, rows: list[tuple[int, Partition]]
) -> None:
    """Whatever the condition and the query around it, pruning changes nothing in the answer."""
    sql = shape.format(where=condition)
    partitions = sorted({place for _, place in rows}, key=repr)

    kept = kept_by(cursor, sql, partitions)

    try:
        expected = answer(cursor, sql, rows)
    except duckdb.Error:
        return  # a query that fails over all partitions may fail or not over fewer
    assert answer(cursor, sql, [(n, place) for n, place in rows if place in kept]) == expected


ALL = [partition(day, hour) for day in DAYS for hour in HOURS]
EXACT = [
    ("SELECT * FROM events WHERE dt = DATE '2026-11-21' AND hour = 1 AND n > 3", {("2026-11-21", "1")}),
    (
        "SELECT * FROM events WHERE dt = DATE '2026-11-21' AND (hour = 1 OR hour = 23)",
        {("2026-11-21", h) for h in ("1", "23")},
    ),
    (
        "SELECT 1 FROM events WHERE dt = current_date AND hour = 0 OR dt = DATE '2026-11-20' AND hour > 1 AND n = 1",
        {("2026-11-22", "0"), ("2026-11-20", "23")},
    ),
    ("SELECT * FROM events WHERE NOT (dt < DATE '2026-11-22' OR hour > 0)", {("2026-11-22", "0")}),
    (
        "WITH w AS (SELECT n FROM events e WHERE e.dt = current_date AND e.hour = 1) SELECT count(*) FROM w",
        {("2026-11-22", "1")},
    ),
    (
        "SELECT * FROM others o JOIN events e ON e.n = o.n AND e.dt = DATE '2026-11-20' AND e.hour < 1",
        {("2026-11-20", "0")},
    ),
    (
        "SELECT * FROM others o LEFT JOIN events e ON e.n = o.n WHERE e.dt = DATE '2026-11-20' AND hour = 1",
        {("2026-11-20", "1")},
    ),
    (
        "SELECT * FROM events WHERE dt = CAST(date_add('day', -1, DATE '2026-11-21') AS date) AND hour = 0",
        {("2026-11-20", "0")},
    ),
    (
        "SELECT * FROM (SELECT dt, hour AS h FROM events) s WHERE dt = current_date AND h = 1",
        {("2026-11-22", h) for h in HOURS},
    ),
    (
        "SELECT * FROM (SELECT * FROM (SELECT * FROM events) a) b WHERE b.dt = current_date AND hour = 1",
        {("2026-11-22", "1")},
    ),
    (
        "WITH w AS (SELECT * FROM events WHERE hour = 1) SELECT * FROM w WHERE w.dt = current_date",
        {("2026-11-22", "1")},
    ),
    ("SELECT * FROM events WHERE dt IS NULL AND hour = 0", {(DEFAULT_PARTITION, "0")}),
]


@pytest.mark.parametrize(("sql", "expected"), EXACT)
def test_only_the_partitions_that_a_condition_names_are_kept(
    cursor: duckdb.DuckDBPyConnection, sql: str, expected: set[tuple[str, str]]
) -> None:
    """Pruning is as exact as the condition."""
    assert {p.values for p in kept_by(cursor, sql, ALL)} == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM events WHERE n = 3",
        "SELECT * FROM (SELECT dt, count(*) OVER () AS k FROM events) s WHERE dt = current_date",
        "SELECT * FROM (SELECT dt FROM events LIMIT 5) s WHERE dt = current_date",
        "SELECT * FROM (SELECT DATE '2026-11-22' AS dt FROM events) s WHERE dt = current_date",
        "SELECT * FROM events WHERE dt = DATE '2026-11-20' OR n = 3",
        "SELECT * FROM events e FULL JOIN others o ON e.dt = DATE '2026-11-20'",
        "SELECT * FROM others o LEFT JOIN events e ON o.n = e.n WHERE e.dt IS NULL OR e.dt = DATE '2026-11-20'",
        "SELECT * FROM events e LEFT JOIN others o ON e.dt = DATE '2026-11-20'",
    ],
)
def test_a_condition_that_says_nothing_keeps_all(cursor: duckdb.DuckDBPyConnection, sql: str) -> None:
    """A row of any partition may matter."""
    assert kept_by(cursor, sql, ALL) == ALL


def test_a_partition_value_of_another_type_fails_the_query(cursor: duckdb.DuckDBPyConnection) -> None:
    """As in Athena, it is not skipped."""
    with pytest.raises(QueryError, match="HIVE_INVALID_PARTITION_VALUE"):
        kept_by(cursor, "SELECT * FROM events WHERE dt = DATE '2026-11-20'", [partition("yesterday", "1")])
