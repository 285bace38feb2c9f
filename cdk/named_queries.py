"""The statements of `sql/` in the query editor of Athena: ready to run, and to be changed by hand.

A named query cannot hold the parameters that awswrangler binds, and the editor's own (`?`) would ask for the same day
five times. So each one is kept with values in it: the last seven whole days, and the defaults of its contract.
"""

from collections.abc import Iterator
from pathlib import Path

from aws_cdk import aws_athena as athena
from constructs import Construct

from cdk.lake import Lake
from cdk.layer import ROOT
from clickstream.lake.statements import PREDICATE, Parameter, Statement, read_statement

DAYS = 7
DESCRIPTION_LIMIT = 1024
"""Letters that Athena takes."""
_FIRST_DAY, _END = f"CURRENT_DATE - INTERVAL '{DAYS}' DAY", "CURRENT_DATE"
_INSTANTS = {"start": f"CAST({_FIRST_DAY} AS timestamp)", "end": f"CAST({_END} AS timestamp)"}
HOW_TO_CHANGE = (
    f"It asks about the last {DAYS} whole days, UTC. For others replace CURRENT_DATE everywhere by the day after the",
    f"last one, e.g. DATE '2026-11-22'; for more or fewer days the {DAYS}, and the number of days in the line on dt.",
)


class NamedQueries(Construct):
    """One named query for each statement, in the workgroup of the lake."""

    def __init__(self, scope: Construct, construct_id: str, *, lake: Lake) -> None:
        super().__init__(scope, construct_id)
        for name, statement in statements():
            query = athena.CfnNamedQuery(
                self,
                "".join(word.capitalize() for word in name.split("_")),
                name=name,
                description=description(statement),
                database=lake.database_name,
                work_group=lake.workgroup_name,
                query_string=query_string(statement),
            )
            query.node.add_dependency(lake.workgroup)


def statements(folder: Path = ROOT / "sql") -> Iterator[tuple[str, Statement]]:
    """Every statement that can be asked without a value of one's own, by its name; checks are called `check_…`."""
    for prefix, found in (("", folder), ("check_", folder / "checks")):
        for path in sorted(found.glob("*.sql")):
            statement = read_statement(path)
            if all(is_ready(parameter) for parameter in statement.parameters):
                yield f"{prefix}{statement.name}", statement


def is_ready(parameter: Parameter) -> bool:
    """Whether there is a value for it."""
    return parameter.default is not None or parameter.type == PREDICATE or parameter.name in _INSTANTS


def description(statement: Statement) -> str:
    """The contract, as text, but for which partitions are read: that differs here."""
    clauses = (f"{key}: {text}" for key, text in statement.clauses.items() if key in {"grain", "bots"})
    return "\n".join([statement.meaning, *clauses])


def query_string(statement: Statement) -> str:
    """The statement with values, below a comment that says how to change them."""
    texts = {parameter.name: _text(statement, parameter) for parameter in statement.parameters}
    head = [*HOW_TO_CHANGE, *(_explained(parameter) for parameter in statement.parameters if parameter.default)]
    return "\n".join([*(f"-- {line}" for line in head), statement.filled(texts), ""])


def _explained(parameter: Parameter) -> str:
    return f"/* {parameter.name} */: {parameter.meaning}"


def _text(statement: Statement, parameter: Parameter) -> str:
    """What stands for the parameter: an expression of Athena, with its name where a person may want another value."""
    if parameter.type == PREDICATE:
        return _partitions(statement)
    if parameter.default is None:
        return _INSTANTS[parameter.name]
    quoted = "'{}'".format(parameter.default.replace("'", "''"))
    return f"{parameter.default if parameter.type == 'integer' else quoted} /* {parameter.name} */"


def _partitions(statement: Statement) -> str:
    """The received days to read: whatever came late, too, and where days are of arrival, just those.

    No event is stored with a time more than an hour after its arrival, so the day before the first one is enough.
    """
    if not any(parameter.name == "start" for parameter in statement.parameters):
        return f"(dt >= {_FIRST_DAY} AND dt < {_END})"
    days = DAYS + 1 + statement.lookback({}).days
    return f"(dt >= CURRENT_DATE - INTERVAL '{days}' DAY)"
