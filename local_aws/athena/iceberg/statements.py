"""INSERT, UPDATE, DELETE and MERGE on Iceberg tables."""

from sqlglot import exp

from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.iceberg.changing import Change, Target, find, keep_added, swap
from local_aws.athena.iceberg.writing import append
from local_aws.athena.outcome import Files
from local_aws.athena.statement import Statement


def insert(statement: Statement, node: exp.Table, query: exp.Query, given: list[str]) -> Files:
    """INSERT INTO.

    Args:
        statement: What runs.
        node: The table.
        query: Gives the rows.
        given: Columns that the statement names, if it names any; the others become NULL.

    Raises:
        QueryError: Columns that do not fit the table, `ICEBERG_COMMIT_ERROR`.
    """
    target = _target(statement, node)
    names = [target.checked(name) for name in given] or target.names
    answer = statement.session.run(query, target.casts(names))
    files = append(target.table, answer)
    return Files([file.file_path for file in files], sum(file.record_count for file in files))


def change_rows(statement: Statement, tree: exp.Expr) -> Files:
    """UPDATE, DELETE or MERGE.

    Raises:
        QueryError: What queries fail with, `MERGE_TARGET_ROW_MULTIPLE_MATCHES`, `ICEBERG_COMMIT_ERROR`.
        NotSupportedError: A form of the statement that Athena does not have either.
    """
    node = tree.this
    if not isinstance(node, exp.Table) or node.args.get("joins"):
        raise NotSupportedError(f"this form of {tree.key.upper()}")
    target = _target(statement, node)
    if isinstance(tree, exp.Merge):
        return _merge(target, tree)
    source = exp.Select().from_(target.with_places())
    if tree.args.get("where") is not None:
        source = source.where(tree.args["where"].this.copy())
    values: list[exp.Expr] = []
    if isinstance(tree, exp.Update):
        values = _new_values(target, tree.expressions)
    return swap(target, find(target, exp.true() if values else exp.false(), values, source))


def _target(statement: Statement, node: exp.Table) -> Target:
    database = (node.db or statement.database).lower()
    return Target(statement.session, statement.session.iceberg.load(database, node.name), node)


def _new_values(target: Target, assignments: list[exp.Expr]) -> list[exp.Expr]:
    """Return the value of every column after SET a = x, …; those not assigned keep theirs."""
    assigned: dict[str, exp.Expr] = {}
    for assignment in assignments:
        if not isinstance(assignment, exp.EQ) or not isinstance(assignment.this, exp.Column):
            raise NotSupportedError(f"assignment {assignment.sql(dialect='trino')}")
        name = target.checked(assignment.this.name)
        if name in assigned:
            raise QueryError("SYNTAX_ERROR", f"line 1:1: Column assigned more than once: {name}")
        assigned[name] = assignment.expression.copy()
    return [assigned.get(name, target.column(name)) for name in target.names]


def _merge(target: Target, tree: exp.Merge) -> Files:
    whens = tree.args["whens"].expressions
    for when in whens:
        if when.args.get("source"):
            raise QueryError("SYNTAX_ERROR", "line 1:1: WHEN NOT MATCHED BY SOURCE is not of Athena's MERGE")
    matched = [when for when in whens if when.args["matched"]]
    unmatched = [when for when in whens if not when.args["matched"]]
    change = _matched(target, tree, matched) if matched else None
    if unmatched:
        keep_added(target, *_unmatched(target, tree, unmatched))
    return swap(target, change, adds=bool(unmatched))


def _condition(when: exp.Expr) -> exp.Expr:
    given = when.args.get("condition")
    return given.copy() if given is not None else exp.true()


def _chosen(whens: list[exp.Expr], results: list[exp.Expr]) -> exp.Expr:
    """Return the result of the first clause that applies."""
    if len(whens) == 1:
        return results[0]
    case = exp.Case()
    for when, result in zip(whens, results, strict=True):
        case = case.when(_condition(when), result)
    return case


def _matched(target: Target, tree: exp.Merge, whens: list[exp.Expr]) -> Change:
    """Find the rows of the target that have a source row and a clause that applies."""
    keeps = [isinstance(when.args["then"], exp.Update) for when in whens]
    results = [
        _new_values(target, when.args["then"].expressions)
        if keeps_row
        else [target.column(name) for name in target.names]
        for when, keeps_row in zip(whens, keeps, strict=True)
    ]
    source = exp.Select().from_(target.with_places()).join(tree.args["using"].copy(), on=tree.args["on"].copy())
    source = source.where(exp.or_(*(_condition(when) for when in whens)))
    kept = _chosen(whens, [exp.true() if keeps_row else exp.false() for keeps_row in keeps])
    values = [_chosen(whens, [row[place] for row in results]) for place in range(len(target.names))]
    return find(target, kept, values if any(keeps) else [], source)


def _unmatched(target: Target, tree: exp.Merge, whens: list[exp.Expr]) -> tuple[exp.Select, list[str]]:
    """Return (query of the rows to add, the columns it gives): source rows without a row in the target."""
    found = exp.Select().select(exp.Literal.number(1)).from_(target.node.copy()).where(tree.args["on"].copy())
    source = exp.Select().from_(tree.args["using"].copy()).where(exp.not_(exp.Exists(this=found)))
    source = source.where(exp.or_(*(_condition(when) for when in whens)))
    rows = [_inserted(target, when) for when in whens]
    names = [name for name in target.names if any(name in row for row in rows)]
    values = [_chosen(whens, [row.get(name, exp.null()) for row in rows]) for name in names]
    return source.select(
        *(exp.alias_(value, name, quoted=True) for value, name in zip(values, names, strict=True))
    ), names


def _inserted(target: Target, when: exp.Expr) -> dict[str, exp.Expr]:
    then = when.args["then"]
    if not isinstance(then, exp.Insert) or not isinstance(then.expression, exp.Tuple):
        raise NotSupportedError("WHEN NOT MATCHED without INSERT … VALUES")
    columns = then.this.expressions if isinstance(then.this, exp.Tuple) else []
    names = [target.checked(column.name) for column in columns] or target.names
    values = then.expression.expressions
    if len(names) != len(values):
        raise QueryError("MISMATCHED_COLUMN_COUNT", f"line 1:1: {len(names)} columns for {len(values)} values")
    return {name: value.copy() for name, value in zip(names, values, strict=True)}
