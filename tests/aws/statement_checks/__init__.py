"""Statements of Athena, each with a check of its effect: in Glue, in S3, and by a query that follows."""

from tests.aws.statement_checks import altering, asking, iceberg, writing
from tests.aws.statement_checks.registry import STATEMENTS

__all__ = ["STATEMENTS", "altering", "asking", "iceberg", "writing"]
