"""The last step of the daily run, played: QuickSight imports what was published, and somebody hears of it if not."""

from collections.abc import Callable
from typing import Any

import pytest

from cdk.quicksight_datasets import DATASETS
from tests.infra.policy_template import Resolved
from tests.infra.workflow_player import Played, QuickSight, play

Template = dict[str, Any]
IDS = [dataset.physical_id("clickstream-production") for dataset in DATASETS]


def failures(played: Played) -> list[dict[str, Any]]:
    """What the one message says of the imports that failed."""
    (told,) = played.told
    return [one for one in told["imports"] if one["state"] == "failed"]


def test_every_dataset_is_imported_after_the_daily_run(quicksight: Resolved) -> None:
    """By one import each, called as the execution, and nobody is bothered."""
    service = QuickSight(states={IDS[0]: ["QUEUED", "RUNNING", "COMPLETED"]})
    played = play(quicksight, service, "daily", name="3f0e-2026_11")
    assert (played.status, played.told) == ("SUCCEEDED", [])
    assert sorted(service.started) == sorted((dataset, "3f0e-2026_11") for dataset in IDS)
    assert played.steps.count("Ask") == len(IDS) + 2


@pytest.mark.parametrize("steps", ["hourly", "now"])
def test_nothing_is_imported_after_other_runs(quicksight: Resolved, steps: str) -> None:
    """They publish nothing, and an account has 32 imports of a dataset a day."""
    service = QuickSight()
    played = play(quicksight, service, steps)
    assert (played.status, service.started) == ("SUCCEEDED", [])


def test_nothing_is_imported_after_a_run_that_failed(quicksight: Resolved) -> None:
    """It is told as before."""
    service = QuickSight()
    played = play(quicksight, service, "daily", is_failing=True)
    assert (played.status, played.error, service.started) == ("FAILED", "BatchFailed", [])
    assert [one["steps"] for one in played.told] == ["daily"]


def test_failed_imports_are_told_and_stop_no_other(quicksight: Resolved) -> None:
    """The message names dataset and cause, the execution fails for its alarm, and all others are imported."""
    states = {IDS[3]: ["RUNNING", "FAILED"], IDS[5]: ["CANCELLED"], IDS[0]: ["RUNNING", "RUNNING", "COMPLETED"]}
    service = QuickSight(states)
    played = play(quicksight, service, "daily")
    assert (played.status, played.error) == ("FAILED", "DashboardNotRefreshed")
    assert sorted(dataset for dataset, _ in service.started) == sorted(IDS)
    assert played.steps.count("Imported") == len(IDS) - 2
    said = {one["dataset"]: one["said"]["Ask"]["Ingestion"]["IngestionStatus"] for one in failures(played)}
    assert said == {IDS[3]: "FAILED", IDS[5]: "CANCELLED"}


def test_a_lost_answer_imports_nothing_twice(quicksight: Resolved) -> None:
    """The second start is told that the import exists, and it is this import that counts; after a run by hand, too."""
    service = QuickSight(lost={IDS[1]})
    played = play(quicksight, service, "build_sessions,run_reports")
    assert (played.status, len(service.started)) == ("SUCCEEDED", len(IDS))
    assert played.steps.count("Imported") == len(IDS)


def test_a_busy_service_is_asked_again_and_a_refusal_is_told(quicksight: Resolved) -> None:
    """What refuses for good is in the message. The role has a grant for each call that was made, and no other."""
    service = QuickSight(refusals={IDS[1]: ["ThrottlingException"], IDS[2]: ["LimitExceededException"] * 9})
    played = play(quicksight, service, "daily")
    (found,) = failures(played)
    assert found["dataset"] == IDS[2]
    assert [found["said"][call]["Error"] for call in ("Start", "Ask")] == [
        "QuickSight.LimitExceededException",
        "QuickSight.ResourceNotFoundException",
    ]
    assert played.guard.denied == []
    granted = {grant.name for grant in played.guard.grants if grant.action.startswith("quicksight:")}
    assert len(granted) == 2 * len(IDS)
    assert granted & played.guard.unused() == set()


def test_without_quicksight_an_execution_ends_with_its_run(template_of: Callable[..., Template]) -> None:
    """No state and no grant is about it."""
    plain = Resolved(template_of(environment="production"))
    service = QuickSight()
    played = play(plain, service, "daily")
    assert (played.status, played.steps, service.started) == ("SUCCEEDED", ["Run"], [])
    assert not any("quicksight" in grant.action for grant in played.guard.grants)
