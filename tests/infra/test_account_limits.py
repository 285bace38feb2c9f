"""What the page says that the stack needs of an account is what the template needs."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdk.checks import EVERYTHING

PAGE = (Path(__file__).parents[2] / "docs" / "aws.md").read_text()
LARGEST_TEMPLATE = 500
"""Resources. AWS CloudFormation user guide, "Understand CloudFormation quotas"."""
FEWEST_FUNCTIONS = 10
"""At a time, in a new account."""
Template = dict[str, Any]


@pytest.fixture(scope="module")
def said() -> dict[str, int]:
    """The last column of the table, by its first."""
    section = PAGE.partition("\n## Limits of a new account\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([a-zA-Z][^|]*?) \|.*\| ([\d,]+) \|$", section, re.MULTILINE)
    return {limit: int(needed.replace(",", "")) for limit, needed in rows}


def test_the_page_says_what_is_needed(templates: dict[str, Template], said: dict[str, int]) -> None:
    """Each number of the page is counted in the template of production."""
    assert said == needed(templates["production"])


def test_a_new_account_suffices(said: dict[str, int]) -> None:
    """With the defaults, ten functions at a time leave some to answer trackers."""
    assert said["functions at a time"] < FEWEST_FUNCTIONS


def test_everything_fits_into_a_template(template_of: Callable[..., Template]) -> None:
    """Also with all options on."""
    assert len(template_of(**EVERYTHING)["Resources"]) < LARGEST_TEMPLATE


def needed(template: Template) -> dict[str, int]:
    """What a stack takes of each limit."""

    def of(kind: str) -> list[dict[str, Any]]:
        found = template["Resources"].values()
        return [one["Properties"] for one in found if one["Type"] == f"AWS::{kind}"]

    (stream,), (job,), (stage,) = of("Kinesis::Stream"), of("Glue::Job"), of("ApiGatewayV2::Stage")
    calls = sum(stream["ShardCount"] * one["ParallelizationFactor"] for one in of("Lambda::EventSourceMapping"))
    by_schedule = sum("Input" not in one["Target"] for one in of("Scheduler::Schedule"))
    return {
        "functions at a time": calls + by_schedule,
        "MB of a function": max(one["MemorySize"] for one in of("Lambda::Function")),
        "shards": stream["ShardCount"],
        "units of Glue (DPU)": job["NumberOfWorkers"],
        "runs of Glue jobs at a time": job["ExecutionProperty"]["MaxConcurrentRuns"],
        # The job asks one after the other.
        "queries of Athena at a time": job["ExecutionProperty"]["MaxConcurrentRuns"],
        "requests a second of all APIs": stage["DefaultRouteSettings"]["ThrottlingRateLimit"],
        "tables of DynamoDB": len(of("DynamoDB::Table")),
    }
