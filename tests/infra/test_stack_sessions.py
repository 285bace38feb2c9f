"""What ends a session is configured once, for every night's run."""

from collections.abc import Callable
from typing import Any

import pytest

Template = dict[str, Any]


@pytest.mark.parametrize(
    ("context", "gap", "cuts"),
    [({}, "30", "none"), ({"sessionGapMinutes": 45, "sessionCuts": "midnight,campaign"}, "45", "midnight,campaign")],
)
def test_the_job_gets_the_rules(
    template_of: Callable[..., Template],
    of_type: Callable[[Template, str], list[dict[str, Any]]],
    context: dict[str, Any],
    gap: str,
    cuts: str,
) -> None:
    """By hand other ones can be given, and then the next night builds the table back by these."""
    (job,) = of_type(template_of(environment="dev", **context), "Glue::Job")
    arguments = job["DefaultArguments"]
    assert (arguments["--gap-minutes"], arguments["--cut-at"]) == (gap, cuts)
