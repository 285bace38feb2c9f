"""What a schedule of `process_events` really contained: a campaign proves nothing about what never happened in it."""

from collections import Counter

from tests.simulation.processing_world import World


def features(world: World) -> Counter[str]:
    """How often each thing happened."""
    stream, commits = world.stream, world.all_commits()
    named = sum(len(commit.objects) for commit in commits)
    return Counter(
        {
            "records": sum(map(len, stream.produced.values())),
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
            **stream.reshards,
            **{f"restored {name}": count for name, count in Counter(world.backups.restored).items()},
        }
    )
