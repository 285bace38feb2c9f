"""The one way in which jobs ask Athena: through a workgroup that is enforced, with the cost of every query noted."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, TypeVar

import awswrangler as wr
import boto3
import pandas as pd
from awswrangler.exceptions import QueryCancelled, QueryFailed
from botocore.exceptions import BotoCoreError, ClientError

from batch_jobs.query_watch import Pause, follow
from clickstream.errors import ConfigError, InfrastructureError, StatementError
from clickstream.lake.statements import Statement, Value

T = TypeVar("T")
_MB = 1_000_000
_LEAST_MB = 10
"""What Athena charges at least for a query, in megabytes; above it every megabyte begun. Source: Athena pricing."""
_DOLLARS_PER_MB = 5 / 1_000_000
"""5 dollars a terabyte, as in us-east-1 and most regions. Source: Athena pricing, November 2026."""


@dataclass(frozen=True)
class Answer:
    """Rows of one query, what it read (bytes, as Athena bills them before its 10 MB minimum) and how long it ran."""

    frame: pd.DataFrame
    query_id: str
    bytes_scanned: int
    seconds: float

    @property
    def cost_dollars(self) -> float:
        """What Athena charges for it."""
        return dollars(self.bytes_scanned)

    def rows(self) -> list[dict[str, Any]]:
        """The rows as dictionaries; null is None."""
        return rows_as_dicts(self.frame)


class Guard:
    """Runs statements on one database through one workgroup.

    Raises `ConfigError` on creation if the workgroup does not enforce its configuration: then a client could leave the
    result location, the encryption and the limit on bytes behind. `pause` waits between two looks at a query.

    Attributes:
        dollars: What Athena charges for all answers so far.
    """

    def __init__(self, database: str, workgroup: str, pause: Pause = time.sleep) -> None:
        self._database = database
        self._workgroup = workgroup
        self._pause = pause
        self.dollars = 0.0
        try:
            found = wr.athena.get_work_group(workgroup=workgroup)["WorkGroup"]
        except (ClientError, BotoCoreError) as error:
            raise ConfigError(f"the Athena workgroup {workgroup} cannot be read: {error}") from error
        if not found["Configuration"].get("EnforceWorkGroupConfiguration"):
            raise ConfigError(f"the workgroup {workgroup} does not enforce its configuration; deploy it again")

    def ask(
        self,
        statement: Statement,
        hours: Iterable[str],
        values: Mapping[str, Value],
        budget_bytes: int | None = None,
    ) -> Answer:
        """Run the statement over these received hours; it is stopped beyond the budget, where there is one.

        Raises `StatementError` for wrong parameters and for what Athena refuses (its own message, and the query id),
        `BudgetError` if it was stopped, `InfrastructureError` if Athena cannot be reached.
        """
        answer = _answer(self._run(statement, hours, values, budget_bytes, wr.athena.get_query_results))
        self.dollars += answer.cost_dollars
        return answer

    def unload(self, statement: Statement, hours: Iterable[str], values: Mapping[str, Value], location: str) -> str:
        """Write the rows as Parquet below an `s3://` folder that is empty; where the list of the files is.

        The empty text if there is no list, because nothing was written. Raises what `ask` raises.
        """
        end = f"TO '{location}' WITH (format = 'PARQUET', compression = 'SNAPPY')"
        written = replace(statement, sql=f"UNLOAD ({statement.sql}) {end}")
        done = self._run(written, hours, values, None, wr.athena.wait_query)
        return str(done.get("Statistics", {}).get("DataManifestLocation", ""))

    def _run(
        self,
        statement: Statement,
        hours: Iterable[str],
        values: Mapping[str, Value],
        budget_bytes: int | None,
        end: Callable[[str], T],
    ) -> T:
        """Start the statement, wait for it, and return what `end` makes of its id."""
        bound = statement.bind(hours, values)
        query_id = "never started"
        try:
            query_id = wr.athena.start_query_execution(
                bound.sql,
                database=self._database,
                workgroup=self._workgroup,
                params=bound.params,
                paramstyle="named",
            )
            athena: Any = boto3.client("athena")
            follow(athena, query_id, budget_bytes, self._pause)
            return end(query_id)
        except (QueryFailed, QueryCancelled) as error:
            raise StatementError(f"Athena refused {statement.name} (query {query_id}): {error}") from error
        except (ClientError, BotoCoreError) as error:
            raise InfrastructureError(f"{statement.name} (query {query_id}) could not be asked: {error}") from error


def _answer(frame: pd.DataFrame) -> Answer:
    metadata: Mapping[str, Any] = vars(frame)["query_metadata"]
    statistics = metadata.get("Statistics", {})
    return Answer(
        frame,
        str(metadata["QueryExecutionId"]),
        int(statistics.get("DataScannedInBytes", 0)),
        statistics.get("TotalExecutionTimeInMillis", 0) / 1000,
    )


def dollars(bytes_scanned: int) -> float:
    """What Athena charges for a query that read so many bytes."""
    return round(max(ceil(bytes_scanned / _MB), _LEAST_MB) * _DOLLARS_PER_MB, 6)


def rows_as_dicts(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as dictionaries; null is None."""
    plain = frame.astype(object)
    return [{str(k): v for k, v in row.items()} for row in plain.where(plain.notna(), None).to_dict("records")]


def interval_values(statement: Statement, values: Mapping[str, Value]) -> dict[str, Value]:
    """Those of the values that the statement has a parameter for."""
    names = {parameter.name for parameter in statement.parameters}
    return {name: value for name, value in values.items() if name in names}
