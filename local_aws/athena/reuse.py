"""Results of earlier executions that a request may be answered with: the conditions that Athena documents.

https://docs.aws.amazon.com/athena/latest/ug/reusing-query-results.html. Whether the tables have changed since is not
one of them: a result may be stale until it is older than the request allows.
"""

import re
from datetime import timedelta
from typing import Any

from sqlglot import exp

from local_aws.athena.errors import QueryError
from local_aws.athena.kinds import body
from local_aws.athena.requests import Request
from local_aws.athena.translate.dialect import parse

_DEFAULT_MINUTES = 60
_QUERY = re.compile(r"\(*\s*(?:SELECT|WITH|VALUES|TABLE)\b", re.IGNORECASE)
# Of the present time Athena says nothing; a result that is made again is never wrong.
_CHANGING = (exp.Rand, exp.Uuid, exp.CurrentDate, exp.CurrentTimestamp, exp.Localtimestamp, exp.TableSample)
_CHANGING_NAMES = frozenset({"shuffle", "random", "rand", "now", "uuid"})


def configuration_of(request: Request) -> dict[str, Any] | None:
    """Return what the request says about reuse, with the default age; nothing when it does not want it."""
    by_age = dict((request.get("ResultReuseConfiguration") or {}).get("ResultReuseByAgeConfiguration") or {})
    return {"MaxAgeInMinutes": _DEFAULT_MINUTES, **by_age} if by_age.get("Enabled") else None


def max_age(configuration: dict[str, Any]) -> timedelta:
    """Return how old a result may be."""
    return timedelta(minutes=int(configuration["MaxAgeInMinutes"]))


def is_repeatable(text: str) -> bool:
    """Return whether a query gives the same rows each time the tables are the same.

    Only queries are: no other statement is answered from an earlier result, and no query that draws lots, asks for the
    time, or takes some rows without an order.
    """
    sql = body(text)
    if not _QUERY.match(sql):
        return False
    try:
        tree = parse(sql)
    except QueryError:
        return False
    functions = {node.name.lower() for node in tree.find_all(exp.Anonymous)}
    drawn = tree.find(*_CHANGING) is not None or not functions.isdisjoint(_CHANGING_NAMES)
    return not drawn and not any(_takes_some(node) for node in tree.find_all(exp.Query))


def _takes_some(node: exp.Query) -> bool:
    return node.args.get("limit") is not None and node.args.get("order") is None
