"""A commit → its place in the lane, or the news that another writer has it."""

from clickstream.errors import Conflict
from clickstream.ledger import Commit, Ledger
from clickstream.positions import START


def appended(ledger: Ledger, commit: Commit) -> bool:
    """Write the commit. False if another writer has taken its place in the lane.

    The place may hold this very commit: our own earlier write, whose reply was lost. A run may write several commits,
    so its name alone does not say that.
    """
    if commit.previous == START:
        ledger.register(commit.lane)
    try:
        ledger.append(commit)
    except Conflict:
        winner = ledger.at(commit.lane, commit.previous)
        return winner is not None and _work(winner) == _work(commit)
    return True


def _work(commit: Commit) -> tuple[object, ...]:
    """Who did what."""
    return commit.run_id, commit.ranges, commit.reparsed
