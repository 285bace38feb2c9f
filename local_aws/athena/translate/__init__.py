"""From a statement in Athena's SQL to the same statement in DuckDB's: parse, type, rewrite, generate."""
