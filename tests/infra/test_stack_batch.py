"""What the batch may do and for how long, and how long each zone of the lake is kept."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cdk.workflow import TIMEOUT
from clickstream.lake.garbage import Grace

Template = dict[str, Any]
OfType = Callable[[Template, str], list[dict[str, Any]]]
Statements = Callable[[Template], Iterator[tuple[str, dict[str, Any]]]]


def test_no_job_changes_a_table(template: Template, statements: Statements) -> None:
    """Jobs write partitions; tables are the deployment's, and no partition is ever deleted."""
    actions = {
        action
        for policy, statement in statements(template)
        if policy.startswith("BatchRole")
        for action in [statement["Action"], *statement["Action"]]
        if isinstance(action, str) and action.startswith("glue:")
    }
    assert "glue:BatchUpdatePartition" in actions
    assert not {action for action in actions if "Delete" in action or action.endswith(("CreateTable", "UpdateTable"))}


def test_an_execution_ends_before_replaced_files_go(template: Template, of_type: OfType) -> None:
    """A run and its waits have a limit, and no run that was allowed can read what has been removed."""
    (machine,) = of_type(template, "StepFunctions::StateMachine")
    definition = machine["DefinitionString"]
    text = "".join(part if isinstance(part, str) else "x" for part in definition["Fn::Join"][1])
    (job,) = of_type(template, "Glue::Job")
    seconds = json.loads(text)["TimeoutSeconds"]
    assert job["Timeout"] * 60 < seconds == TIMEOUT.to_seconds() < Grace().replaced.total_seconds()


ZONES = {
    "landingRetentionDays": 3,
    "rawEventsRetentionDays": 400,
    "sessionsRetentionDays": 90,
    "badEventsRetentionDays": 30,
    "quarantineRetentionDays": 180,
    "reportRetentionDays": 730,
    "queryResultRetentionDays": 1,
}


def expiring(template: Template, of_type: OfType) -> dict[str, int]:
    """Days by prefix, in the lake's bucket."""
    rules = [rule for bucket in of_type(template, "S3::Bucket") for rule in bucket["LifecycleConfiguration"]["Rules"]]
    return {
        rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule and "ExpirationInDays" in rule
    }


def test_each_zone_is_kept_as_configured(template_of: Callable[..., Template], of_type: OfType) -> None:
    """S3 deletes by age, but landing, which only jobs may delete; they leave an hour before its files go."""
    template = template_of(environment="dev", **ZONES)
    assert expiring(template, of_type) == {
        "raw_events/": 402,
        "sessions/": 92,
        "session_scores/": 92,
        "masked_events/": 402,
        "masked_sessions/": 92,
        "_masking_salts/": 402,
        "bad_events/": 30,
        "quarantine/": 180,
        "reports/": 730,
        "athena-results/": 1,
    }
    (job,) = of_type(template, "Glue::Job")
    arguments = job["DefaultArguments"]
    zones = ("landing", "raw-events", "sessions", "report")
    assert [arguments[f"--{zone}-days"] for zone in zones] == ["3", "400", "90", "730"]


def test_sessions_go_with_the_events_they_are_made_of(template_of: Callable[..., Template], of_type: OfType) -> None:
    """Without a number of their own, so that nobody stays in what cannot be built again."""
    template = template_of(environment="dev", rawEventsRetentionDays=400)
    assert expiring(template, of_type)["sessions/"] == 402


def test_compaction_is_as_configured(template_of: Callable[..., Template], of_type: OfType) -> None:
    """Who compacts, and what the files look like, reaches every step, and commands by hand through the outputs."""
    shape = '{"codec":"snappy","rows_per_group":1000000}'
    template = template_of(environment="dev", fileShape=shape, glueWorkers=10, compactionWorkers="plain")
    (job,) = of_type(template, "Glue::Job")
    arguments = job["DefaultArguments"]
    assert (job["NumberOfWorkers"], arguments["--workers"]) == (10, "plain")
    assert arguments["--file-shape"] == template["Outputs"]["FileShape"]["Value"] == shape


def test_all_workers_compact_by_default(template: Template, of_type: OfType) -> None:
    """They are paid for."""
    (job,) = of_type(template, "Glue::Job")
    assert (job["DefaultArguments"]["--workers"], job["DefaultArguments"]["--file-shape"]) == ("spark", "{}")


def test_the_job_is_told_its_region(template: Template, of_type: OfType) -> None:
    """Nothing that is documented says so in the environment of a Glue run, or of its workers."""
    (job,) = of_type(template, "Glue::Job")
    assert job["DefaultArguments"]["--aws-region"] == {"Ref": "AWS::Region"}


@pytest.mark.parametrize("zone", ["landing/", "_commits/", "raw_events/", "sessions/"])
def test_without_configuration_no_event_is_deleted(template: Template, of_type: OfType, zone: str) -> None:
    """Neither the events nor what proves them."""
    assert zone not in expiring(template, of_type)
