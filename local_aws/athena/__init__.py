"""Athena's API on a laptop: SQL over the Glue tables and S3 objects of any endpoint, answered by an embedded DuckDB.

`server` speaks HTTP, `api` answers operations, `runner` runs executions, `statements` finds who handles a statement,
`engine` runs a query: `binder` and `scan` bring the data, `translate` the SQL.
"""

from local_aws.athena.server import AthenaServer

__all__ = ["AthenaServer"]
