"""The rows of an answer with exactly the columns of a Glue table, whatever the answer leaves open."""

import pandas as pd
import pyarrow as pa

from clickstream.errors import StatementError
from clickstream.lake_table import LakeTable


def typed(frame: pd.DataFrame, table: LakeTable) -> pa.Table:
    """The frame with the table's schema: a column of nulls alone, or of no rows, has its type as well.

    Raises `StatementError` if the columns are others, or hold what their types cannot.
    """
    names = [str(name) for name in frame.columns]
    if names != table.schema.names:
        raise StatementError(_mismatch(table, f"it has the columns {', '.join(names)}"))
    try:
        return pa.Table.from_pandas(frame, schema=table.schema, preserve_index=False).replace_schema_metadata()
    except pa.ArrowException as error:
        raise StatementError(_mismatch(table, str(error))) from error


def _mismatch(table: LakeTable, found: str) -> str:
    return (
        f"the answer does not fit the table {table.name} with {', '.join(table.schema.names)}: {found};"
        " declare the columns of the statement in batch_jobs/reports/report_list.py and deploy"
    )
