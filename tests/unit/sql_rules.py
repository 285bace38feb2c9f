"""Rules that every file of `sql/` keeps, checked on the syntax tree against the columns of `clickstream.tables`.

    python -m tests.unit.sql_rules

reads every file, prints each broken rule as `file: sentence`, and returns 1 if there is any.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from clickstream.errors import StatementError
from clickstream.lake.statements import read_statement
from clickstream.tables import LAKE_TABLES, RAW_EVENTS, SESSIONS
from local_aws.athena.translate.hints import note_types

SQL = Path(__file__).parents[2] / "sql"
FILES = sorted(SQL.rglob("*.sql"))
SCHEMA: dict[str, object] = {
    table.name: {
        column.name: exp.DataType.build(column.glue_type, dialect="hive")
        for column in (*table.columns, *table.partition_keys)
    }
    for table in LAKE_TABLES
}
_LOOK_BACK = "DATE_ADD('DAY', CAST(0 - :{} AS BIGINT), {})"
"""As sqlglot spells `DATE_ADD('day', 0 - :lookback_days, …)`."""
OF_WHOLE_HOURS = frozenset({"lake_totals", "received_rows", "realtime_vs_lake"})
"""Statements about what arrived, whatever the time of the events; so are all checks."""
FORBIDDEN = {
    "approx_set", "merge", "tdigest_agg", "qdigest_agg", "value_at_quantile", "format", "json_query", "json_value",
    "now", "current_timestamp", "current_date", "localtimestamp", "random", "rand", "try_cast",
}  # fmt: skip
"""Functions without an equal answer on every engine, or whose answer depends on when they are asked."""


def broken_rules(path: Path) -> list[str]:
    """Every rule that a file breaks, as sentences; none if it is well."""
    try:
        statement = read_statement(path)
    except StatementError as error:
        return [str(error)]
    is_bounded = path.parent.name != "checks" and path.stem not in OF_WHOLE_HOURS
    return lint(statement.sql, is_bounded=is_bounded, lookback=statement.clauses.get("lookback", ""))


def lint(sql: str, *, is_bounded: bool, lookback: str = "") -> list[str]:
    """Every broken rule of one statement, as sentences.

    `is_bounded`: scans of raw_events need :start and :end. `lookback`: the parameter that its contract names, with the
    days before the start from which on it reads.
    """
    trees = parse(sql, dialect="athena")
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        return ["is not one query"]
    tree = trees[0]
    scans = unbounded_scans(tree, is_bounded=is_bounded, lookback=lookback)
    broken = [*unknown_tables(tree), *scans, *aliases(tree), *forbidden(tree)]
    if broken:
        return broken
    try:
        typed = note_types(_qualified(tree), MappingSchema(SCHEMA, dialect="athena"))
    except SqlglotError as error:
        return [str(error)]
    return [*broken, *divisions(typed), *casts(typed), *comparisons(typed)]


def _qualified(tree: exp.Query) -> exp.Expr:
    return qualify(tree.copy(), schema=SCHEMA, dialect="athena", quote_identifiers=False, expand_alias_refs=False)


def unknown_tables(tree: exp.Query) -> Iterator[str]:
    """Only the lake's tables and the statement's own parts are read."""
    known = {table.name for table in LAKE_TABLES} | {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if table.name not in known:
            yield f"reads the unknown table {table.name}"


def unbounded_scans(tree: exp.Query, *, is_bounded: bool, lookback: str = "") -> Iterator[str]:
    """Each scan of the lake names its partitions in its own WHERE, and event time where the statement is about it.

    A session counts where it begins, and is found there.
    """
    first, first_date = (_since(bound, lookback) for bound in (":start", "CAST(:start AS DATE)"))
    dates = {f"dt >= {first_date}", "dt <= CAST(:end AS DATE)", f"start_time >= {first}", "start_time < :end"}
    for table in tree.find_all(exp.Table):
        if table.name not in {one.name for one in LAKE_TABLES}:
            continue
        select = table.find_ancestor(exp.Select)
        where = select.args.get("where") if select else None
        terms = {term.sql("athena") for term in where.this.flatten()} if where else set()
        terms |= {where.this.sql("athena")} if where else set()
        if table.name == SESSIONS.name:
            yield from (f"scans sessions without {bound}" for bound in sorted(dates - terms))
            continue
        if ":received" not in terms:
            yield f"scans {table.name} without :received"
        if (
            is_bounded
            and table.name == RAW_EVENTS.name
            and not {f"event_time >= {first}", "event_time < :end"} <= terms
        ):
            yield f"scans {table.name} without the bounds of event_time"


def _since(bound: str, lookback: str) -> str:
    return _LOOK_BACK.format(lookback, bound) if lookback else bound


def aliases(tree: exp.Query) -> Iterator[str]:
    """Athena resolves no alias of the SELECT list in WHERE, GROUP BY or HAVING."""
    for select in tree.find_all(exp.Select):
        made = {e.alias for e in select.expressions if isinstance(e, exp.Alias) and e.alias != e.this.name}
        for part in ("where", "group", "having"):
            node = select.args.get(part)
            for column in node.find_all(exp.Column) if node else ():
                is_own = column.find_ancestor(exp.Select) is select
                if is_own and not column.table and column.name in made:
                    yield f"uses the alias {column.name} in {part.upper()}"


def forbidden(tree: exp.Query) -> Iterator[str]:
    """Constructs that engines answer differently."""
    for node in tree.find_all(exp.MatchRecognize, exp.Star, exp.Fetch):
        if not isinstance(node.parent, (exp.Count, exp.Column)):
            yield f"uses {type(node).__name__}"
    for function in tree.find_all(exp.Func):
        name = function.name if isinstance(function, exp.Anonymous) else function.sql_name()
        if name.lower() in FORBIDDEN or (isinstance(function, exp.ArraySort) and function.expression):
            yield f"uses {name.lower()}()"
    for column in tree.find_all(exp.Column):
        if column.name.startswith("$"):
            yield f"uses the hidden column {column.name}"
    yield from decimals(tree)
    yield from windows(tree)


def decimals(tree: exp.Query) -> Iterator[str]:
    """A literal such as 100.0 is a decimal, and so is all that is computed with it."""
    for literal in tree.find_all(exp.Literal):
        if not literal.is_string and "." in literal.name and not literal.find_ancestor(exp.ApproxQuantile):
            yield f"uses the decimal literal {literal.name}"


def windows(tree: exp.Query) -> Iterator[str]:
    """Trino's window functions take neither FILTER nor DISTINCT."""
    for window in tree.find_all(exp.Window):
        if isinstance(window.this, exp.Filter) or isinstance(window.this.this, exp.Distinct):
            yield f"uses FILTER or DISTINCT in a window: {window.sql('athena')}"


def divisions(tree: exp.Expr) -> Iterator[str]:
    """A ratio says double itself: Trino divides whole numbers to whole numbers, and decimals to their scale."""
    for division in tree.find_all(exp.Div):
        if not division.left.is_type("double") and not division.right.is_type("double"):
            yield f"divides without double: {division.sql('athena')}"


def casts(tree: exp.Expr) -> Iterator[str]:
    """No cast to text with a length, none of an instant to text: their results differ by engine."""
    for cast in tree.find_all(exp.Cast):
        if cast.to.is_type("char") or (cast.to.is_type("varchar") and cast.to.expressions):
            yield f"casts to {cast.to.sql('athena')}"
        if cast.to.is_type(*exp.DataType.TEXT_TYPES) and cast.this.is_type(*exp.DataType.TEMPORAL_TYPES):
            yield f"casts an instant to text: {cast.sql('athena')}"


def comparisons(tree: exp.Expr) -> Iterator[str]:
    """Both sides are of one family; Athena raises TYPE_MISMATCH where other engines convert."""
    for node in tree.find_all(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE):
        left, right = _family(node.left), _family(node.right)
        if left and right and left != right:
            yield f"compares {left} with {right}: {node.sql('athena')}"


def _family(node: exp.Expr) -> str | None:
    families = {
        "number": exp.DataType.NUMERIC_TYPES,
        "text": exp.DataType.TEXT_TYPES,
        "time": exp.DataType.TEMPORAL_TYPES,
        "boolean": {exp.DataType.Type.BOOLEAN},
    }
    return next((family for family, types in families.items() if node.is_type(*types)), None)


def main() -> int:
    """Check all files; 1 if a rule is broken."""
    found = [f"{path.relative_to(SQL.parent)}: {sentence}" for path in FILES for sentence in broken_rules(path)]
    print("\n".join(found or [f"{len(FILES)} statements keep the rules"]))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
