"""Statements of Athena, each with a check of its effect: in Glue, in S3, and by a query that follows."""
