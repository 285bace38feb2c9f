"""Which pages differ from the ledger: by their names, buckets and sketches, not only by their totals."""

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from clickstream.ledger import Commit, Ledger, PageDelta, Range
from clickstream.live.counters import MAX_NAMES, page_key
from clickstream.live.sketches import distinct
from clickstream.ports import Item, Table
from clickstream.positions import START, Lane, padded
from clickstream.stream import repairing
from clickstream.stream.applying import Applier
from clickstream.stream.comparing import kinds
from clickstream.stream.repairing import Pages
from tests.simulation.fakes import MemoryBucket, MemoryTable

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
LANE = Lane("process_events", "1", "shardId-0")
HOURS = 200


def delta(number: int) -> PageDelta:
    """Two events of a minute."""
    return PageDelta(
        events=2,
        event_types={"page_view": 1, f"type-{number}": 1},
        channels={"direct": 2},
        devices={"desktop": 2},
        countries={"NO": 2},
        pages={f"/{number}": 1},
        latencies={"20": 2},
        visitors=distinct([f"v{number}"]),
        sessions=distinct([f"s{number}"]),
    )


@pytest.fixture
def pages() -> Pages:
    """Pages of 200 hours with two commits each, applied but for the newest."""
    bucket = MemoryBucket()
    found = Pages(Ledger(MemoryTable(), bucket), bucket, MemoryTable(), MemoryTable(), 30, lambda: NOW)
    applier = Applier(found.ledger, found.counters, found.page_metrics, 30, lambda: NOW)
    commits = list(_commits())
    for commit in commits:
        found.ledger.append(commit)
    for commit in commits[:-1]:
        applier.apply(commit)
    return found


def _commits() -> Iterator[Commit]:
    previous = START
    for number in range(2 * HOURS):
        time = NOW - timedelta(hours=HOURS - number // 2)
        last = padded(str(number))
        yield Commit(
            LANE, previous, last, (Range(last, last),), (), 1, 2, 2, 0, "run", time.isoformat(), "test",
            deltas={time.isoformat()[:16]: delta(number)},
        )  # fmt: skip
        previous = last


def found(pages: Pages) -> list[tuple[str, str, tuple[str, ...]]]:
    """Table, minute and parts of what differs."""
    differences = pages.differences(LANE, NOW - timedelta(hours=HOURS))
    return [(each.table, each.minute, each.parts) for each in differences]


def damaged(table: Table, minute: str, **parts: object) -> None:
    """Write these parts into the page of the minute."""
    (page,) = (page for page in table.scan() if f"{page['pk']}T{page['sk'][:5]}" == minute)
    table.put(page | parts)


@pytest.mark.parametrize("commits_per_part", [1000, 7])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("events", 5),
        ("event_types", {"page_view": 2, "type-100": 2}),
        ("channels", {"email": 4}),
        ("devices", {}),
        ("countries", {"NO": 3, "SE": 1}),
        ("latencies", {"20": 3, "21": 1}),
        ("visitors", distinct(["v100"])),
        ("sessions", distinct(["s100", "s101", "s102"])),
    ],
)
def test_every_part_of_a_page_counts(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, commits_per_part: int, name: str, value: object
) -> None:
    """A page whose total is right is told as well, whether minutes are compared at the end or on the way."""
    monkeypatch.setattr(repairing, "COMMITS_PER_PART", commits_per_part)
    assert found(pages) == []
    minute = (NOW - timedelta(hours=HOURS - 50)).isoformat()[:16]
    damaged(pages.counters, minute, **{name: value})
    assert found(pages) == [("counters", minute, (name,))]


def test_pages_views_count_by_page(pages: Pages) -> None:
    """The same number of views of another page is a difference, of at least one for the alarm."""
    minute = (NOW - timedelta(hours=HOURS)).isoformat()[:16]
    damaged(pages.page_metrics, minute, pages={"/elsewhere": 2})
    (difference,) = pages.differences(LANE, NOW - timedelta(hours=HOURS))
    assert (difference.table, difference.parts, difference.size) == ("page-metrics", ("pages",), 1)
    assert "other pages than its commits add" in str(difference)


def test_how_a_sketch_is_packed_does_not_matter(pages: Pages) -> None:
    """Another zlib may write the same registers in other bytes."""
    (page, *_) = pages.counters.scan()
    packed = zlib.compress(zlib.decompress(page["visitors"]), 0)
    assert packed != page["visitors"]
    pages.counters.put(page | {"visitors": packed})
    assert found(pages) == []


def test_beyond_the_cap_only_sums_are_compared() -> None:
    """Which names are left depends on the order of the commits; how many events there are does not."""
    (kind, _) = kinds(MemoryTable(), MemoryTable())
    key = page_key("2026-03-01T09:05", LANE)
    many = PageDelta(events=MAX_NAMES, countries={f"c{number}": 1 for number in range(MAX_NAMES)})
    few, more = (PageDelta(events=count, countries={"late": count}) for count in (1, 3))
    stored: Item = kind.page(key, [many, few, more])
    expected = kind.page(key, [few, more, many])
    assert stored["countries"] != expected["countries"]
    assert kind.differing(key, stored, expected) == ()
    assert kind.differing(key, stored | {"countries": {"c1": 7, "(other)": 2}}, expected) == ("countries",)
