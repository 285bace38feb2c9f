"""Rows that are archived → a commit → its place in the lane, or the news that another writer has it."""

from datetime import UTC, datetime
from typing import NamedTuple

from clickstream.errors import Conflict
from clickstream.intake.rows import Rows
from clickstream.ledger import Commit, LandedObject, Ledger, Range
from clickstream.positions import START, Lane


class Writer(NamedTuple):
    """Who writes a commit, when (UTC), and with what code."""

    run_id: str
    time: datetime
    code_version: str


def commit_of(
    rows: Rows,
    objects: tuple[LandedObject, ...],
    lane: Lane,
    head: Commit | None,
    last: str,
    ranges: tuple[Range, ...],
    writer: Writer,
) -> Commit:
    """The successor of the head that names these objects of these rows; it counts no stream records and no pages."""
    return Commit(
        lane=lane,
        previous=head.last if head else START,
        last=last,
        ranges=ranges,
        objects=objects,
        records=0,
        events=rows.events,
        landed=len(rows.good),
        bad=len(rows.bad),
        run_id=writer.run_id,
        written_time=writer.time.astimezone(UTC).isoformat(),
        code_version=writer.code_version,
    )


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
