"""What the queries of `tests/aws/athena_queries` answer, worked out in plain Python from the same events."""
