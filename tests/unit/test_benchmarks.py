"""What the benchmarks rest on: equal answers, counted units, and the arithmetic of prices."""

import json
from pathlib import Path

import pytest

from benchmarks import cost, stream_duckdb, stream_ours, stream_workload
from benchmarks.collect_alone import BUCKETS, handled
from benchmarks.consumers import Consumption
from benchmarks.cost_collector import costs_per_million
from benchmarks.cost_traffic import PACKED, RAW, WARM_UP_BATCHES, Shard, Traffic
from benchmarks.counted_stores import CountedTable, Usage, item_bytes
from clickstream.errors import Conflict
from clickstream.ports import Key


@pytest.mark.parametrize("kind", ["raw", "packed"])
def test_another_engine_gives_the_same_answer(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows, counters and sessions of a workload are those that DuckDB finds in the same events."""
    monkeypatch.setattr(stream_workload, "RAW_EVENTS", 300)
    monkeypatch.setattr(stream_workload, "PACKED_EVENTS", 900)
    monkeypatch.setattr(stream_workload, "EVENTS_PER_SECOND", 4)
    count = stream_workload.write(tmp_path, kind)
    ours, theirs = stream_ours.engine(tmp_path, 1).answer, stream_duckdb.engine(tmp_path, 1).answer
    assert ours == theirs
    assert (ours.rows, sum(ours.types.values()), sum(ours.sessions.values())) == (count,) * 3
    assert len(ours.pages) > 1


def test_a_payload_is_what_lambda_hands_over(tmp_path: Path) -> None:
    """A raw workload fills most of the 6 MB that an invocation may carry."""
    stream_workload.write(tmp_path, "raw")
    payload = (tmp_path / "payload.json").read_bytes()
    assert 0.8 * 6 * 2**20 < len(payload) < 6 * 2**20
    assert len(json.loads(payload)["Records"]) == stream_workload.RAW_EVENTS


def test_a_batch_at_the_collector_costs_what_it_uses() -> None:
    """A request for each batch, at most a record for each bucket, and the time of the function by its memory."""
    one = handled(10)
    assert one.units == BUCKETS
    assert one.cpu_s > 0
    requests, function, units, log = costs_per_million(one, 10, seconds=0.01)
    assert requests == pytest.approx(0.1)
    assert function == pytest.approx(100_000 * (0.20e-6 + 0.01 * 0.0000166667))
    assert units == pytest.approx(100_000 * BUCKETS * 0.014e-6)
    assert 0 < log < requests


def test_item_sizes_follow_the_guide() -> None:
    """Names count, numbers half a byte a digit, maps and lists three bytes and one an element."""
    assert item_bytes({"pk": "ab", "n": 1234, "yes": True}) == (2 + 2) + (1 + 3) + (3 + 1)
    assert item_bytes({"m": {"a": "x"}, "l": ["y", "z"]}) == (1 + 3 + 1 + 2) + (1 + 3 + 2 + 2)


def test_units_are_those_that_would_be_billed() -> None:
    """A write costs a unit per KB, also a refused one; a consistent read one per 4 KB, also of nothing."""
    usage = Usage()
    table = CountedTable(usage)
    table.put_new({"pk": "p", "sk": "s", "rev": 1, "text": "x" * 2_000})
    with pytest.raises(Conflict):
        table.put_new({"pk": "p", "sk": "s", "text": ""})
    assert table.get_many([Key("p", "s"), Key("p", "t")])
    assert (usage["PutItem"], usage["write_units"]) == (2, 2 + 1)
    assert (usage["BatchGetItem"], usage["read_units"]) == (1, 2)


def test_the_usual_recipe_costs_what_is_known() -> None:
    """$16.98 per million events at 1,000 a second."""
    assert cost.usual_recipe(1_000) == pytest.approx(16.98, abs=0.01)


def test_costs_are_sums_of_units_and_prices() -> None:
    """A thousand write units of a million events cost $0.000625, a thousand objects half a cent."""
    usage = Usage({"PutItem": 1_000, "write_units": 1_000, "PutObject": 1_000})
    found = cost.costs(Consumption(1_000_000, 100, usage, cpu_s=0.0), call_s=0.0)
    assert [found.tables, found.objects] == pytest.approx([0.000625, 0.005])


def test_traffic_takes_the_shards_it_needs() -> None:
    """A shard takes a thousand single records a second, and far more events when they share records."""
    assert Traffic(10_000, RAW).shards == 10
    assert Traffic(10_000, PACKED).shards < 3


def test_a_shard_delivers_batches_of_the_window() -> None:
    """At 50 events a second a batch holds ten seconds of them."""
    found = list(Shard(50, is_packed=False).deliveries(counted=2))
    assert len(found) == WARM_UP_BATCHES + 2
    assert all(400 < delivery.events < 600 for delivery in found)
