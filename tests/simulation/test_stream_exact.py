"""`process_events` and `detect_anomalies` are exact in every schedule: nothing lost, nothing doubled, nothing stuck.

A failing schedule names its seed and campaign; `python -m tests.simulation --campaign storm --seed 17` tells its story.
"""

from collections import Counter

import pytest

from tests.simulation.campaigns import CAMPAIGNS, Tally, shared_out, sweep_all
from tests.simulation.options import Options
from tests.simulation.processing_world import World

SCHEDULES = 6_300
BOTO3_SCHEDULES = 300
"""Each costs a third of a second, most of it in moto; `make test-long` plays 1,000."""
PER_COMMIT = {name: seeds for name, seeds in shared_out(SCHEDULES).items() if CAMPAIGNS[name].kind == "processing"}
DETECTION = {name: range(500) for name, campaign in CAMPAIGNS.items() if campaign.kind == "detection"}
BOTO3 = {name: range(BOTO3_SCHEDULES) for name, campaign in CAMPAIGNS.items() if campaign.kind == "boto3"}


@pytest.fixture(scope="module")
def tallies() -> dict[str, Tally]:
    """All campaigns in memory, in two processes."""
    return sweep_all(PER_COMMIT | DETECTION, processes=2)


@pytest.mark.parametrize("name", [*PER_COMMIT, *DETECTION])
def test_every_schedule_is_exact(name: str, tallies: dict[str, Tally]) -> None:
    """Records, events, counters, work list and chain agree, or sessions, anomalies and alerts; and all work ends."""
    assert tallies[name].failures == {}


def test_the_schedules_are_many(tallies: dict[str, Tally]) -> None:
    """At least 5,000 of `process_events` and 1,000 of `detect_anomalies` were played."""
    assert sum(tallies[name].schedules for name in PER_COMMIT) >= 5_000
    assert sum(tallies[name].schedules for name in DETECTION) >= 1_000


@pytest.mark.parametrize(
    ("name", "dimension"),
    [
        ("given up and brought back", "put aside"),
        ("given up and brought back", "commits of fill lanes"),
        ("storm", "objects nobody names"),
        ("storm", "deployments"),
        ("storm", "commits over two hours"),
        ("storm", "bad events"),
        ("storm", "events beside others in a record"),
        ("storm", "re-created streams"),
        ("resharding", "splits"),
        ("resharding", "merges"),
        ("outages", "put aside"),
        ("outages", "lost unread"),
        ("expiring pages", "expired pages"),
        ("expiring pages", "commits of fill lanes"),
        ("restored tables", "restored ledger"),
        ("restored tables", "restored counters"),
        ("restored tables", "restored page-metrics"),
        ("sessions", "anomalies"),
        ("sessions", "repeated alerts"),
        ("sessions, resharding", "sessions in several lanes"),
    ],
)
def test_the_schedules_contain_what_they_are_for(name: str, dimension: str, tallies: dict[str, Tally]) -> None:
    """A campaign proves nothing about what never happens in it."""
    assert tallies[name].contained[dimension] >= 20


@pytest.mark.parametrize("fate", ["done", "refused", "reply_lost", "killed_before", "killed_after", "late", "resent"])
def test_every_kind_of_fault_occurs(fate: str, tallies: dict[str, Tally]) -> None:
    """Thousands of calls have each fate."""
    total = sum((tally.contained for tally in tallies.values()), Counter[str]())
    assert total[f"calls {fate}"] > 1_000


def test_nothing_is_put_aside_while_faults_are_transient(tallies: dict[str, Tally]) -> None:
    """With endless tries the failure destination stays empty, unless an outage outlasts the age limit."""
    assert tallies["never given up"].contained["put aside"] == 0


def test_schedules_through_boto3_are_exact() -> None:
    """The same with the real adapters, serializers and retries of the SDK, and faults in every attempt of a request."""
    [tally] = sweep_all(BOTO3, processes=2).values()
    assert tally.failures == {}
    assert tally.schedules == BOTO3_SCHEDULES
    assert min(tally.contained[f"calls {fate}"] for fate in ("refused", "reply_lost", "killed_after", "late")) > 20


def test_schedules_with_real_files_are_exact() -> None:
    """The same with Parquet objects, a few times."""
    for seed in range(500, 504):
        world = World(seed, Options(fault_rate=0.35, zombie_rate=0.06, steps=160))
        world.run()
        assert world.violations() == []


@pytest.mark.long
def test_every_one_of_1_000_schedules_through_boto3_is_exact() -> None:
    """Other schedules on the real adapters."""
    tallies = sweep_all({name: range(1_000, 2_000) for name in BOTO3}, processes=2)
    assert [tally.failures for tally in tallies.values()] == [{}]


@pytest.mark.long
def test_every_one_of_50_000_schedules_is_exact() -> None:
    """Other schedules of all campaigns."""
    tallies = sweep_all(shared_out(50_000, first=100_000), processes=2)
    assert {name: tally.failures for name, tally in tallies.items() if tally.failures} == {}
