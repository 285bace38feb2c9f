"""Files of an Iceberg table that a query leaves out hold no row that it wants, whatever the condition."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyiceberg.expressions import BooleanExpression
from pyiceberg.expressions.visitors import expression_evaluator
from pyiceberg.schema import Schema
from pyiceberg.typedef import Record
from sqlglot import exp

from local_aws.athena.iceberg.column_types import to_schema
from local_aws.athena.iceberg.filters import FilterMaker
from local_aws.athena.predicates import Source, demands
from local_aws.athena.translate.dialect import generate, parse
from local_aws.athena.translate.hints import annotate
from local_aws.athena.translate.rewrite import rewrite
from tests.unit.athena_values import opened

NOON = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
KINDS = {"i": "int", "s": "string", "d": "date", "t": "timestamp", "m": "decimal(5,2)", "x": "double", "b": "boolean"}
SCHEMA: Schema = to_schema([{"Name": name, "Type": kind} for name, kind in KINDS.items()])
LITERALS = {
    "i": ["-1", "0", "1", "2", "3000000000", "1.5"],
    "s": ["''", "'a'", "'b'", "'ab'"],
    "d": ["DATE '2026-01-01'", "DATE '2026-01-02'", "current_date", "current_date - INTERVAL '1' DAY"],
    "t": ["TIMESTAMP '2026-01-01 00:00:00'", "TIMESTAMP '2026-01-02 12:00:00.5'", "DATE '2026-01-02'"],
    "m": ["1", "1.5", "1.50", "1.505", "-2"],
    "x": ["1", "1.5e0", "1.5", "0"],
    "b": ["true", "false"],
}
ROWS: list[dict[str, Any]] = [
    {"i": i, "s": s, "d": d, "t": t, "m": m, "x": x, "b": b}
    for i, s, d, t, m, x, b in zip(
        [-1, 0, 1, 2, None, 1, 2, 0],
        ["", "a", "b", None, "ab", "a", "b", "b"],
        [dt.date(2026, 1, 1), dt.date(2026, 1, 2), None, dt.date(2025, 12, 31)] * 2,
        [dt.datetime(2026, 1, 1), None, dt.datetime(2026, 1, 2, 12, 0, 0, 500_000), dt.datetime(2026, 1, 2)] * 2,  # noqa: DTZ001 - no zone
        [Decimal("1.50"), Decimal("-2.00"), None, Decimal("1.51"), Decimal("1.00"), Decimal("1.50"), None, Decimal(0)],
        [1.0, 1.5, None, 0.0, -1.5, 1.5, 2.0, None],
        [True, False, None, True, True, None, False, False],
        strict=True,
    )
]


def atoms() -> st.SearchStrategy[str]:
    """Comparisons of a column, both ways round, lists, ranges, checks for NULL, and what is not understood."""

    def of(name: str) -> st.SearchStrategy[str]:
        value = st.sampled_from(LITERALS[name])
        signs = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
        comparison = st.builds(lambda v, sign: f"{name} {sign} {v}", value, signs)
        mirrored = st.builds(lambda v, sign: f"{v} {sign} {name}", value, signs)
        listed = st.builds(lambda vs: f"{name} IN ({', '.join(vs)})", st.lists(value, min_size=1, max_size=3))
        between = st.builds(lambda low, high: f"{name} BETWEEN {low} AND {high}", value, value)
        checked = st.sampled_from([f"{name} IS NULL", f"{name} IS NOT NULL"])
        return st.one_of(comparison, mirrored, listed, between, checked)

    other = st.sampled_from(["length(s) > 1", "i + 1 = 2", "coalesce(i, 1) = 1", "NULL", "s = s", "i < x", "b"])
    return st.one_of(st.sampled_from(sorted(KINDS)).flatmap(of), other)


CONDITIONS = st.recursive(
    atoms(),
    lambda inner: st.one_of(
        st.builds(lambda a, b: f"({a}) AND ({b})", inner, inner),
        st.builds(lambda a, b: f"({a}) OR ({b})", inner, inner),
        st.builds(lambda a: f"NOT ({a})", inner),
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def cursor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database that holds the rows."""
    with opened(tmp_path_factory.mktemp("athena")) as database:
        made = database.cursor()
        kinds = pa.schema(
            [("n", pa.int64()), ("i", pa.int32()), ("s", pa.string()), ("d", pa.date32()), ("t", pa.timestamp("us")),
             ("m", pa.decimal128(5, 2)), ("x", pa.float64()), ("b", pa.bool_())]
        )  # fmt: skip
        made.register("rows", pa.Table.from_pylist([{"n": n, **row} for n, row in enumerate(ROWS)], kinds))
        yield made


def bound(condition: str) -> exp.Select:
    """Return the query of a condition, with the types of its columns."""
    tree = parse(f"SELECT n FROM rows WHERE {condition}")  # noqa: S608 - made here
    annotate(tree, {"rows": {**KINDS, "n": "bigint"}})
    assert isinstance(tree, exp.Select)
    return tree


def filter_of(cursor: duckdb.DuckDBPyConnection, tree: exp.Select) -> BooleanExpression:
    """Return the filter for a query of the rows."""

    def evaluate(node: exp.Expr) -> Any:
        return cursor.sql(generate(rewrite(exp.select(node), NOON))).to_arrow_table().column(0)[0].as_py()

    table = next(iter(tree.find_all(exp.Table)))
    return FilterMaker(SCHEMA, evaluate, optional=False).of(demands(table, Source("rows", frozenset(KINDS))))


def stored(value: Any) -> Any:
    """Return a value as pyiceberg holds it: dates as days, timestamps as microseconds."""
    if isinstance(value, dt.datetime):
        return (value - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)  # noqa: DTZ001 - no zone
    return (value - dt.date(1970, 1, 1)).days if isinstance(value, dt.date) else value


@settings(max_examples=150, deadline=None)
@given(CONDITIONS)
def test_a_filter_lets_every_row_through_that_the_condition_does(
    cursor: duckdb.DuckDBPyConnection, condition: str
) -> None:
    """Also where parts of the condition are not understood, or are NULL."""
    tree = bound(condition)
    wanted = {row[0] for row in cursor.execute(generate(rewrite(tree, NOON))).fetchall()}

    row_filter = filter_of(cursor, tree)
    passes = expression_evaluator(SCHEMA, row_filter, case_sensitive=False)
    kept = {n for n, row in enumerate(ROWS) if passes(Record(*(stored(row[name]) for name in KINDS)))}
    assert wanted <= kept, row_filter


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("i > 1 AND length(s) = 3", "GreaterThan(term=Reference(name='i'), literal=LongLiteral(1))"),
        ("i > 1 OR length(s) = 3", "AlwaysTrue()"),
        ("i < 1.5", "AlwaysTrue()"),
        ("m = 1.505", "AlwaysTrue()"),
        ("s IS NULL", "IsNull(term=Reference(name='s'))"),
        ("NOT (d < current_date)", "GreaterThanOrEqual(term=Reference(name='d'), literal=literal('2026-01-02'))"),
    ],
)
def test_only_what_is_exact_is_said(cursor: duckdb.DuckDBPyConnection, condition: str, said: str) -> None:
    """The rest is left out, which keeps more files."""
    assert repr(filter_of(cursor, bound(condition))) == said
