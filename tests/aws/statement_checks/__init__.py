"""Statements of Athena, each with a check of its effect: in Glue, in S3, and by a query that follows."""

from tests.aws.statement_checks import altering, asking, iceberg, writing

CHECKS = (writing, altering, asking, iceberg)
"""The modules whose functions are the checks."""
