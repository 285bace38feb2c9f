"""When a commit is applied, and when it is too late to."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from clickstream.ledger import Commit, Ledger, PageDelta, Range
from clickstream.live.lifetimes import GRACE
from clickstream.live.sketches import distinct, estimate
from clickstream.positions import START, Lane, padded
from clickstream.stream.applying import Applier
from tests.simulation.fakes import MemoryBucket, MemoryTable

WRITTEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
COMMIT = Commit(
    lane=Lane("process_events", "1", "shardId-0"),
    previous=START,
    last=padded("7"),
    ranges=(Range(padded("7"), padded("7")),),
    objects=(),
    records=1,
    events=2,
    landed=2,
    bad=0,
    run_id="run",
    written_time=WRITTEN.isoformat(),
    code_version="test",
    deltas={
        "2026-03-01T11:59": PageDelta(
            events=2, event_types={"page_view": 2}, pages={"/": 2}, latencies={"20": 2}, visitors=distinct(["a", "b"])
        )
    },
)


@pytest.mark.parametrize(("age", "events"), [(timedelta(), 2), (timedelta(days=30) + GRACE + timedelta(days=1), 0)])
def test_a_commit_is_applied_once_within_its_pages_lifetime(age: timedelta, events: int) -> None:
    """Twice changes nothing; after the pages have expired, it does not bring a part of them back."""
    counters, page_metrics = MemoryTable(), MemoryTable()
    ledger = Ledger(MemoryTable(), MemoryBucket())
    applier = Applier(ledger, counters, page_metrics, 30, lambda: WRITTEN + age)
    applier.apply(COMMIT)
    applier.apply(COMMIT)
    assert sum(page["events"] for page in counters.scan()) == events
    assert sum(page["page_views"] for page in page_metrics.scan()) == events


def test_the_next_commit_adds_to_the_page_and_its_sketches() -> None:
    """Latencies add up, visitors unite, and neither of the two commits counts again afterwards."""
    counters = MemoryTable()
    applier = Applier(Ledger(MemoryTable(), MemoryBucket()), counters, MemoryTable(), 30, lambda: WRITTEN)
    more = PageDelta(events=3, latencies={"20": 1, "992": 2}, visitors=distinct(["b", "c"]))
    after = msgspec.structs.replace(
        COMMIT, previous=COMMIT.last, last=padded("8"), deltas={"2026-03-01T11:59": more}, run_id="next"
    )
    for commit in (COMMIT, after, COMMIT, after):
        applier.apply(commit)
    [page] = counters.scan()
    assert (page["events"], page["latencies"], estimate(page["visitors"])) == (5, {"20": 3, "992": 2}, 3)
