"""What a schedule really contained: a campaign proves nothing about what never happened in it."""

from collections import Counter

from tests.simulation.detection_world import DetectionWorld
from tests.simulation.faults import Gate
from tests.simulation.lake_world import LakeWorld
from tests.simulation.processing_world import World


def contents(world: World | DetectionWorld | LakeWorld) -> Counter[str]:
    """How often each thing happened, and what became of the calls."""
    if isinstance(world, LakeWorld):
        return world.contained + _calls(world.gate)
    stream = world.stream
    common = {"records": sum(map(len, stream.produced.values())), **stream.reshards}
    found = _processing(world) if isinstance(world, World) else _detection(world)
    return Counter(common) + _calls(stream.gate) + found


def _calls(gate: Gate) -> Counter[str]:
    return Counter({f"calls {fate.name.lower()}": count for fate, count in gate.fates.items()})


def _detection(world: DetectionWorld) -> Counter[str]:
    lanes = Counter(item["pk"] for item in world.session_metrics.everything())
    return Counter(
        {
            "sessions": len(lanes),
            "sessions in several lanes": sum(count > 1 for count in lanes.values()),
            "anomalies": len(world.alerts),
            "repeated alerts": sum(count > 1 for count in world.alerts.values()),
        }
    )


def _processing(world: World) -> Counter[str]:
    stream, commits = world.stream, world.all_commits()
    named = sum(len(commit.objects) for commit in commits)
    return Counter(
        {
            "put aside": stream.failed.put_aside,
            "lost unread": len(stream.unread),
            "events beside others in a record": sum(commit.events - commit.records for commit in commits),
            "bad events": sum(commit.bad for commit in commits),
            "commits of fill lanes": sum(commit.lane.shard_id.endswith("#fill") for commit in commits),
            "commits over two hours": sum(len({entry.hour for entry in commit.objects}) > 1 for commit in commits),
            "objects nobody names": len(world.bucket.objects) - named,
            "deployments": len({commit.code_version for commit in commits}) - 1,
            "re-created streams": len({epoch for epoch, _ in stream.produced}) - 1,
            "expired pages": world.expired_pages,
            **{f"restored {name}": count for name, count in Counter(world.backups.restored).items()},
        }
    )
