"""CREATE VIEW."""

import base64
import json
import re
from typing import Any

from sqlglot import exp

from local_aws.athena.column_types import arrow_to_api, arrow_to_glue
from local_aws.athena.errors import QueryError
from local_aws.athena.names import check_names, qualified
from local_aws.athena.outcome import Nothing, Outcome
from local_aws.athena.statement import Statement
from local_aws.athena.translate.dialect import parse


def create_view(statement: Statement, match: re.Match[str]) -> Outcome:
    """CREATE VIEW: kept as Athena keeps views, so that each side reads the other's.

    Raises:
        QueryError: `TABLE_ALREADY_EXISTS`, columns without a name, or with the same.
    """
    database, name = qualified(match[2], statement.database)
    sql = match[3].strip()
    tree = parse(sql)
    if not isinstance(tree, exp.Query):
        raise QueryError("SYNTAX_ERROR", "line 1:1: a view needs a query")
    check_names([name.lower() for name in tree.named_selects if name not in {"", "*"}])
    schema = statement.session.run(exp.select("*").from_(tree.subquery("v")).limit(0)).schema
    check_names([field.name.lower() for field in schema])
    columns = [{"name": f.name.lower(), "type": arrow_to_api(f.type)} for f in schema]
    text = {"originalSql": sql, "catalog": "awsdatacatalog", "schema": statement.database, "columns": columns}
    encoded = base64.b64encode(json.dumps(text).encode()).decode()
    table: Any = {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": f"/* Presto View: {encoded} */",
        "ViewExpandedText": "/* Presto View */",
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [{"Name": f.name.lower(), "Type": arrow_to_glue(f.type)} for f in schema],
            "SerdeInfo": {},
        },
    }
    glue = statement.catalog.glue
    try:
        glue.create_table(DatabaseName=database, TableInput=table)
    except glue.exceptions.AlreadyExistsException as error:
        if not match[1]:
            raise QueryError("TABLE_ALREADY_EXISTS", f"line 1:1: View '{database}.{name}' already exists") from error
        glue.update_table(DatabaseName=database, TableInput=table)
    return Nothing()
