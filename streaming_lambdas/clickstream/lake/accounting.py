"""The ledger's own account: what commits and generations say per received hour, and where they contradict themselves.

Every number is counted where it happens and none is a remainder, so that each identity can fail:

- no overlap: a lane is a chain, its ranges follow one another, and a fill lane repeats nothing of them;
- in every commit `events = landed + bad`, its objects hold as many rows, and its minutes as many events (no minutes for
  imported history, which is not counted live);
- per hour `landed` of the commits = landed of the generation + rows that wait for compaction;
- per hour `rows = landed - duplicates - quarantined - erased - redelivered` in the generation;
- every object that holds rows which are nowhere else is there.

A walk holds one commit of a lane in memory, and one count per hour.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from clickstream.lake.generations import Generation, hour_in
from clickstream.lake.work import fresh_inputs
from clickstream.ledger import Commit, Ledger, Range
from clickstream.ports import Bucket
from clickstream.positions import START, Lane
from clickstream.tables import LANDING_PREFIX, RAW_EVENTS

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
COUNTS = (
    "records",
    "events",
    "landed",
    "bad",
    "recovered",
    "rows",
    "duplicates",
    "quarantined",
    "erased",
    "redelivered",
    "waiting",
    "uncovered",
    "unread",
)
"""Of an hour: from commits (`bad`: still open, after `recovered`), from its generation, landed rows that wait for one,
and records of the stream that are in no commit, in the failure bucket or still unread."""


@dataclass(frozen=True)
class Disagreement:
    """An identity that does not hold: where, and how. `where` is a lane and its range, or an hour."""

    where: str
    problem: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


@dataclass
class Account:
    """Counts by received hour (`2026-11-21T09`), and every disagreement found on the way."""

    hours: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    disagreements: list[Disagreement] = field(default_factory=list)

    def total(self, name: str) -> int:
        """Sum of a count over all hours."""
        return sum(hour[name] for hour in self.hours.values())

    def disagree(self, where: str, problems: Iterable[str]) -> None:
        """Note what is wrong there."""
        self.disagreements += [Disagreement(where, problem) for problem in problems]


def account_lane(account: Account, ledger: Ledger, lane: Lane, since: datetime | None = None) -> Iterator[Commit]:
    """Take the lane's commits in, newest first, and yield each; from `since` on by the time they were written."""
    newer: Commit | None = None
    for commit in ledger.commits_since(lane, since or EARLIEST):
        if newer and newer.previous != commit.last:
            account.disagree(_place(newer), [f"the chain is broken: its predecessor ends at {_short(commit.last)}"])
        account.disagree(_place(commit), contradictions(commit))
        _count(account.hours, commit)
        yield commit
        newer = commit
    if newer and not since and newer.previous != START:
        account.disagree(_place(newer), [f"the commits up to {_short(newer.previous)} are missing"])


def account_fill(account: Account, ledger: Ledger, lane: Lane) -> None:
    """Check that the fill lane repeats no record of the lane, nor one of its own. There are few fill commits."""
    found = ((run, commit) for commit in ledger.commits(lane.fill) for run in commit.ranges)
    taken = sorted(found, key=lambda pair: pair[0].first)
    for (run, _), (after, commit) in pairwise(taken):
        if after.first <= run.last:
            account.disagree(_place(commit, after), ["its records are in another fill commit too"])
    for run, commit in taken:
        covering = [one for one in ledger.covering(lane, run.first, run.last) if one.lane == lane]
        if any(_meet(run, other) for one in covering for other in one.ranges):
            account.disagree(_place(commit, run), [f"its records are in the lane {lane} too"])


def account_lake(account: Account, ledger: Ledger, generations: Iterable[Generation], after: str = "") -> None:
    """Take the newest generations in, of the hours that commits were counted for and that are later than `after`."""
    newest = {generation.hour: generation for generation in generations}
    for hour in sorted(hour for hour in account.hours if hour > after):
        generation, count = newest.get(hour), account.hours[hour]
        work = ledger.work(hour)
        count["waiting"] = sum(landed.rows for landed in fresh_inputs(work, generation))
        if generation:
            for name in ("rows", "duplicates", "quarantined", "erased", "redelivered"):
                count[name] = getattr(generation, name)
        account.disagree(f"hour {hour}", _lake_contradictions(count, generation))


def account_objects(
    account: Account, bucket: Bucket, ledger: Ledger, generations: Iterable[Generation], first: str = ""
) -> None:
    """Name what is gone though rows are nowhere else: files of newest generations, and objects that wait for one.

    Hours before `first` are past their retention.
    """
    there = {entry.key for prefix in (LANDING_PREFIX, RAW_EVENTS.name) for entry in bucket.list(f"{prefix}/")}
    newest = {generation.hour: generation for generation in generations}
    for hour in sorted(hour for hour in {*account.hours, *newest} if hour >= first):
        generation = newest.get(hour)
        needed = [landed.key for landed in fresh_inputs(ledger.work(hour), generation)]
        needed += [output.key for output in generation.outputs] if generation else []
        gone = [key for key in needed if key not in there]
        account.disagree(f"hour {hour}", [f"{key} does not exist: restore the object" for key in gone])


def contradictions(commit: Commit) -> Iterator[str]:
    """What does not add up within one commit."""
    rows: Counter[str] = Counter()
    for landed in commit.objects:
        rows[landed.kind] += landed.rows
    counted = sum(delta.events for delta in commit.deltas.values())
    if commit.events != commit.landed + commit.bad:
        yield f"{commit.events:,} events are not {commit.landed:,} landed and {commit.bad:,} bad"
    if rows["landing"] != commit.landed:
        yield f"{commit.landed:,} events landed, but its objects hold {rows['landing']:,} rows"
    if rows["bad_events"] - commit.recovered != commit.bad:
        yield f"{commit.bad:,} bad events, but {rows['bad_events']:,} archived and {commit.recovered:,} taken back"
    if counted != commit.landed and not commit.lane.is_import:
        yield f"{commit.landed:,} events landed, but its minutes count {counted:,}"
    if commit.hours and sum(commit.hours.values()) != commit.records:
        yield f"{commit.records:,} records, but its hours count {sum(commit.hours.values()):,}"
    if commit.lane.is_main and not _continues(commit):
        yield "its range does not follow its predecessor"


def _continues(commit: Commit) -> bool:
    """Whether the one range of a main commit begins after the predecessor and ends where the commit does."""
    if len(commit.ranges) != 1:
        return False
    (run,) = commit.ranges
    return (commit.previous == START or commit.previous < run.first) and run.first <= run.last == commit.last


def _count(hours: defaultdict[str, Counter[str]], commit: Commit) -> None:
    for hour, records in (commit.hours or _guessed_hours(commit)).items():
        hours[hour]["records"] += records
    for landed in commit.objects:
        hours[landed.hour]["landed" if landed.kind == "landing" else "bad"] += landed.rows
        hours[landed.hour]["events"] += landed.rows
    for taken in commit.reparsed:
        number = sum(1 for _ in taken.numbers())
        hours[hour_in(taken.key)].update({"bad": -number, "events": -number, "recovered": number})


def _guessed_hours(commit: Commit) -> dict[str, int]:
    """Commits of earlier versions do not say how many records are of which hour: all are counted for the first."""
    hours = [landed.hour for landed in commit.objects]
    return {min(hours): commit.records} if hours and commit.records else {}


def _lake_contradictions(count: Counter[str], generation: Generation | None) -> Iterator[str]:
    compacted = generation.landed if generation else 0
    if count["landed"] != compacted + count["waiting"]:
        yield f"{count['landed']:,} events landed, {compacted:,} are compacted and {count['waiting']:,} wait for it"
    lost = sum(count[name] for name in ("duplicates", "quarantined", "erased", "redelivered"))
    if count["rows"] != compacted - lost:
        yield f"{count['rows']:,} rows are not {compacted:,} landed less {lost:,} removed"
    if count["redelivered"]:
        yield f"{count['redelivered']:,} rows were landed twice, which the stream's protocol rules out"


def _meet(run: Range, other: Range) -> bool:
    return run.first <= other.last and other.first <= run.last


def _place(commit: Commit, run: Range | None = None) -> str:
    first, last = (run.first, run.last) if run else (commit.previous, commit.last)
    if commit.ranges and not run:
        first, last = commit.ranges[0].first, commit.ranges[-1].last
    return f"{commit.lane} {_short(first)}…{_short(last)}"


def _short(position: str) -> str:
    """A position as the stream spells it."""
    return position if position == START else position.lstrip("0") or "0"
