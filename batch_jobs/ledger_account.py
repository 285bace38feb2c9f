"""One account of everything, from every place that counts: commits, generations, failure bucket, stream, counters."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from batch_jobs.stream_reading import StreamReader, incoming_records
from clickstream.errors import LakeError
from clickstream.lake.accounting import Account, account_fill, account_lake, account_lane, account_objects
from clickstream.lake.generations import lake_commits
from clickstream.ledger import Ledger
from clickstream.ports import Bucket
from clickstream.positions import Lane
from clickstream.stream.coverage import Coverage, Seen, cover
from clickstream.stream.failures import failed_keys, read_failure
from clickstream.stream.processing import CONSUMER
from clickstream.stream.recovering import epoch_at, uncovered
from clickstream.stream.repairing import Pages
from clickstream.tables import hour_text

COUNTED = timedelta(days=455)
"""CloudWatch keeps hourly sums this long."""
Step = Callable[[str, Iterable[Lane]], Iterable[Lane]]
"""Shows progress: what is done, and the lanes it is done with."""


@dataclass(frozen=True)
class Sources:
    """Where the numbers come from.

    `function` names the function of `process_events`; hours before `first_hour` are past their retention.
    """

    ledger: Ledger
    bucket: Bucket
    failures: Bucket
    stream: StreamReader
    pages: Pages
    function: str
    now: datetime
    first_hour: str = ""


@dataclass
class Books:
    """The account, and what stands against it from outside. `received` is None where nothing counted from outside."""

    account: Account
    received: int | None = None
    received_from: str = ""
    coverages: list[Coverage] = field(default_factory=list)
    waiting_objects: int = 0
    """Objects in the failure bucket."""

    accounted: int | None = None
    """Records in commits, in the failure bucket only, and still unread, over the same hours."""


@dataclass(frozen=True)
class Question:
    """What to look at: commits from `since` on; `sent` records by the sender's own count; the stream to its beginning.

    Without `is_whole_stream` only what is newer than the newest commits is read, if CloudWatch counted what came in:
    two days of a busy stream would take a day to read.
    """

    since: datetime | None = None
    sent: int | None = None
    is_whole_stream: bool = False


def draw_up(sources: Sources, question: Question, show: Step) -> Books:
    """Count everything once. Raises `InfrastructureError` if a service fails."""
    account, since = Account(), question.since
    incoming = _incoming(sources, since)
    epoch = sources.stream.epoch()
    shards = [Lane(CONSUMER, epoch, shard_id) for shard_id in sources.stream.shards()]
    lanes = sorted({*sources.ledger.lanes(CONSUMER), *shards})
    books = Books(account)
    _count_failures(books, sources, epoch)
    for lane in show("commits", lanes):
        for _ in account_lane(account, sources.ledger, lane, since):
            pass
        if lane.is_main:
            account_fill(account, sources.ledger, lane)
    # Hours up to `since` may have earlier commits too, which were not counted.
    generations = list(lake_commits(sources.bucket))
    account_lake(account, sources.ledger, generations, hour_text(since) if since else "")
    account_objects(account, sources.bucket, sources.ledger, generations, sources.first_hour)
    for lane in show("stream", shards):
        _follow(books, sources, lane, is_whole=question.is_whole_stream or not incoming)
    for lane in show("counters", lanes):
        _compare_pages(account, sources, lane, since)
    _receive(books, sources, question, incoming)
    return books


def _count_failures(books: Books, sources: Sources, epoch: str) -> None:
    """Records that only the failure bucket holds, each once; those of another consumer are not its to lose."""
    epochs = {epoch, *(lane.epoch for lane in sources.ledger.lanes(CONSUMER) if not lane.is_import)}
    found: defaultdict[Lane, dict[str, str]] = defaultdict(dict)
    for key in failed_keys(sources.failures):
        books.waiting_objects += 1
        try:
            failed = read_failure(sources.failures, key)
        except LakeError as error:
            books.account.disagree("failure bucket", [str(error)])
            continue
        if failed.function == sources.function:
            lane = Lane(CONSUMER, epoch_at(failed.batch.records[0], epochs, epoch), failed.batch.shard_id)
            todo = uncovered(sources.ledger, lane, failed.batch.records)
            found[lane] |= {record.position: hour_text(record.received_time) for record in todo}
    for hours in found.values():
        for hour in hours.values():
            books.account.hours[hour]["uncovered"] += 1


def _follow(books: Books, sources: Sources, lane: Lane, *, is_whole: bool) -> None:
    """Lay the records of a shard beside its lane; what nothing accounts for is named."""
    head = None if is_whole else sources.ledger.head(lane)
    records = sources.stream.records(lane.shard_id, after=head.last if head else None)
    held = (Seen(record.position, record.hour) for record in records)
    found = cover(sources.ledger, lane, held, lambda: _given_up(sources, lane))
    books.coverages.append(found)
    for hour, count in found.unread.items():
        books.account.hours[hour]["unread"] += count
    for hole in found.holes:
        run = f"{hole.first.lstrip('0')}…{hole.last.lstrip('0')}"
        books.account.disagree(f"{lane} {run}", ["records of the stream are in no commit and in no failure object"])
    books.account.disagree(str(lane), found.problems)


def _given_up(sources: Sources, lane: Lane) -> set[str]:
    positions: set[str] = set()
    for key in failed_keys(sources.failures):
        if f"/{lane.shard_id}/" in key:
            failed = read_failure(sources.failures, key)
            if failed.function == sources.function:
                positions |= {record.position for record in failed.batch.records}
    return positions


def _compare_pages(account: Account, sources: Sources, lane: Lane, since: datetime | None) -> None:
    """Counters against landed, per lane and minute, as far back as pages are kept."""
    oldest = sources.now - timedelta(days=sources.pages.retention_days)
    for difference in sources.pages.differences(lane, max(since or oldest, oldest)):
        account.disagree("counters", [str(difference)])


def _incoming(sources: Sources, since: datetime | None) -> dict[str, int]:
    """What CloudWatch counted in the hours that are over, and of which no commit can be older than `since`."""
    counted = incoming_records(sources.stream.name, since or sources.now - COUNTED, sources.now)
    return {hour: count for hour, count in counted.items() if _is_whole(hour, sources.now, since)}


def _is_whole(hour: str, now: datetime, since: datetime | None) -> bool:
    return (hour_text(since) if since else "") < hour < hour_text(now)


def _receive(books: Books, sources: Sources, question: Question, incoming: dict[str, int]) -> None:
    """Compare with the number of records that came in, counted by somebody else: sender, CloudWatch, or the stream."""
    account, everything, since = books.account, sorted(books.account.hours), question.since
    hours = [hour for hour in everything if _is_whole(hour, sources.now, since)]
    if question.sent is not None:
        books.received, books.received_from = question.sent, "the sender"
    elif incoming:
        books.received, books.received_from = sum(incoming.values()), "CloudWatch"
    elif not since and account.total("records") == sum(coverage.committed for coverage in books.coverages):
        # The stream still holds everything that was ever committed.
        books.received, books.received_from = sum(coverage.read for coverage in books.coverages), "the stream"
    if books.received is None:
        return
    over = hours if books.received_from == "CloudWatch" else everything
    books.accounted = sum(account.hours[hour][name] for hour in over for name in ("records", "uncovered", "unread"))
    if books.received != books.accounted:
        sentence = f"{books.received_from} counted {books.received:,} records, {books.accounted:,} are accounted for"
        account.disagree("stream", [sentence])
