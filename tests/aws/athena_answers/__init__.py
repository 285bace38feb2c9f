"""What the queries of `tests/aws/athena_queries` answer, worked out in plain Python from the same events."""

from tests.aws.athena_answers import nested, people, totals
from tests.aws.athena_answers.events import ANSWERS

__all__ = ["ANSWERS", "nested", "people", "totals"]
