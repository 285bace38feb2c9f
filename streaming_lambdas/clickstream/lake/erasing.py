"""The erasure of a person, in steps that may be repeated: any run may die anywhere, and the next one goes on.

1. `begin`: find everything, set a tombstone, remove the person's live items; note in the record what will go.
2. The ordinary compaction makes new generations of the hours that hold the person, for tombstones make them unfinished.
3. The ordinary garbage collection removes the old files at once, for such hours have asked for it.
4. `finish`: clean what no generation covers, and search again. Only when nothing is found is the request done.

A request waits while an hour is open, a given-up batch holds the person's events, or an object without a commit may
still get one: nothing is removed that is not somewhere else, but for the person's own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from clickstream.detection.alerting import is_anomaly
from clickstream.lake import erasure_requests, generations, purges
from clickstream.lake.aftermath import forget_reports, forget_results, forget_scores, given_up, sessions_of
from clickstream.lake.compaction import Outcome, compact_hours
from clickstream.lake.erasure_records import Record, store, stored
from clickstream.lake.erasure_requests import Request
from clickstream.lake.garbage import collect
from clickstream.lake.mask_building import collect_masked, mask_tables
from clickstream.lake.masked_log import outliving
from clickstream.lake.mentions import Mentions
from clickstream.lake.refusals import empty, empty_resent, refused
from clickstream.lake.searching import Hit, hashes, search, search_in
from clickstream.lake.tombstones import TombstoneLog, Tombstones, event_digests
from clickstream.lake.work import Lake, closed, fresh_inputs, kept, unfinished
from clickstream.ports import Bucket, Key, Table
from clickstream.tables import RAW_EVENTS, hour_text

Verify = Callable[[Request], dict[str, int]]
"""Asks the lake's query engine for rows of the person; the names of the queries, and the rows that each found."""


@dataclass(frozen=True)
class Places:
    """Everywhere a person may be held."""

    lake: Lake
    requests: Table
    session_metrics: Table
    anomalies: Table
    failures: Bucket


def erase(places: Places, verify: Verify) -> Iterator[Outcome | Record]:
    """Work on every open request; yields what compaction did with each hour, then the record of each request.

    Raises `LakeError` or `InfrastructureError`; the next run goes on where this one stopped.
    """
    forget_resent(places)
    requests = list(erasure_requests.open_requests(places.requests))
    if not requests:
        return
    for request in requests:
        begin(places, request)
    yield from compact_hours(places.lake, closed(places.lake, places.lake.ledger.hours()))
    collect(places.lake)
    _mask_anew(places.lake)
    for request in requests:
        yield finish(places, request, verify)


def forget_resent(places: Places) -> int:
    """Remove live items and refused payloads of erased people that came again with what was sent once more; how many.

    Rows themselves are erased when they are compacted, so this must come before; nothing else knows the sessions.
    """
    lake = places.lake
    tombstones = Tombstones.of(TombstoneLog(lake.bucket).read())
    if not tombstones:
        return 0
    emptied = empty_resent(lake.bucket, tombstones.payloads)
    hours = unfinished(lake, closed(lake, lake.ledger.hours()))
    fresh = [fresh_inputs(lake.ledger.work(hour), generations.newest(lake.bucket, hour)) for hour in hours]
    # What cannot be read is set aside and reported by the compaction.
    hits = search_in(lake.bucket, [landed.key for found in fresh for landed in found], tombstones, set())
    return emptied + sum(_forget_sessions(places, {one for hit in hits for one in hit.trace.session_ids}))


def begin(places: Places, request: Request) -> Record:
    """Set the tombstone and remove live items. Afterwards compaction and garbage collection do their part."""
    bucket, log = places.lake.bucket, TombstoneLog(places.lake.bucket)
    record = stored(bucket, request)
    unreadable: set[str] = set()
    hits = list(search(bucket, _sought(log, request), unreadable))
    event_ids = {event_id for hit in hits for event_id in hit.trace.event_ids}
    new_events, emptied = _entomb(bucket, log, request, event_ids)
    sessions = {name.value for name in request.names if name.kind == "session_id"}
    sessions |= {session_id for hit in hits for session_id in hit.trace.session_ids}
    items, anomalies = _forget_sessions(places, sessions)
    _ask_for_purges(bucket, hits)
    record = msgspec.structs.replace(
        record,
        tombstones=_numbers(log, request),
        events=record.events + new_events,
        bad_events=record.bad_events + emptied,
        removed=record.removed | {hit.key: hit.sha256 for hit in hits},
        session_items=record.session_items + items,
        anomalies=record.anomalies + anomalies,
        unreadable=tuple(sorted(unreadable)),
    )
    store(bucket, record)
    return record


def finish(places: Places, request: Request, verify: Verify) -> Record:
    """Clean what compaction does not, search again, and close the request if nothing is left."""
    bucket, mentions, now = places.lake.bucket, Mentions(request.texts), places.lake.clock()
    log, record = TombstoneLog(bucket), stored(bucket, request)
    _, emptied = _entomb(bucket, log, request, set())
    forget_scores(bucket)
    record = msgspec.structs.replace(
        record,
        tombstones=_numbers(log, request),
        bad_events=record.bad_events + emptied,
        reports=tuple(sorted({*record.reports, *forget_reports(bucket, mentions)})),
        query_results=record.query_results + forget_results(bucket, now),
        waiting=tuple(_waiting(places, request, mentions)),
    )
    if not record.waiting:
        record = _closed(places, request, record, verify)
    store(bucket, record)
    if record.state == "done":
        erasure_requests.close(places.requests, request, now)
    return record


def _closed(places: Places, request: Request, record: Record, verify: Verify) -> Record:
    verified = verify(request)
    if any(verified.values()):
        return msgspec.structs.replace(record, waiting=(f"queries still find rows: {verified}",))
    hours = {generations.hour_in(key) for key in record.removed if key.startswith(f"{RAW_EVENTS.name}/")}
    # Past their retention the files of an hour go, and nothing takes their place.
    newest = (generations.newest(places.lake.bucket, hour) for hour in kept(places.lake, sorted(hours)))
    written = [output.key for found in newest if found for output in found.outputs]
    return msgspec.structs.replace(
        record,
        state="done",
        finished_time=places.lake.clock(),
        written=hashes(places.lake.bucket, written),
        verified=verified,
    )


def _waiting(places: Places, request: Request, mentions: Mentions) -> Iterator[str]:
    """Why the request cannot be closed yet."""
    lake = places.lake
    hours = [hour for hour in lake.ledger.hours() if hour <= hour_text(request.request_time)]
    yield from (f"hour {hour} is not over" for hour in hours if hour not in closed(lake, hours))
    unreadable: set[str] = set()
    hits = search(lake.bucket, _sought(TombstoneLog(lake.bucket), request), unreadable)
    yield from sorted(hit.key for hit in hits)
    yield from sessions_of(lake.bucket, request)
    yield from outliving(lake.bucket)
    yield from (f"{places.failures.name}/{key}: run `make recover`" for key in given_up(places.failures, mentions))


def _mask_anew(lake: Lake) -> None:
    """Make the masked copies of what changed, and remove the old ones. What fails here keeps the request waiting."""
    if lake.is_masked:
        for _ in mask_tables(lake):
            pass
        collect_masked(lake)


def _sought(log: TombstoneLog, request: Request) -> Tombstones:
    """What to look for: the person, and ids of events that were found before."""
    known = {one for found in log.read() if found.request_id == request.request_id for one in found.event_ids}
    return Tombstones({name.digest: request.request_time for name in request.names}, frozenset(known))


def _entomb(bucket: Bucket, log: TombstoneLog, request: Request, event_ids: set[str]) -> tuple[int, int]:
    """Write a tombstone, unless there is one that says all this, then empty refused payloads; how many are new of both.

    In this order: a run that dies in between finds the payloads again.
    """
    own = [one for one in log.read() if one.request_id == request.request_id]
    known = {digest for one in own for digest in one.event_ids}
    new = {event_id for event_id in event_ids if event_digests([event_id]).isdisjoint(known)}
    is_theirs = Mentions(request.texts).in_payload
    files = refused(bucket, is_theirs)
    payloads = {digest for digests in files.values() for digest in digests}
    if new or not own or payloads.difference(*(one.payloads for one in own)):
        log.append(request.request_id, request.names, new, request.request_time, payloads)
    return len(new), empty(bucket, files, is_theirs)


def _numbers(log: TombstoneLog, request: Request) -> tuple[int, ...]:
    return tuple(one.number for one in log.read() if one.request_id == request.request_id)


def _forget_sessions(places: Places, sessions: set[str]) -> tuple[int, int]:
    """Remove the live pages and the anomalies of sessions; how many of each."""
    counts = []
    for table in (places.session_metrics, places.anomalies):
        items = [item for session_id in sorted(sessions) for item in table.query(session_id) if is_anomaly(item)]
        for item in items:
            table.delete(Key(str(item["pk"]), str(item["sk"])))
        counts.append(len(items))
    return counts[0], counts[1]


def _ask_for_purges(bucket: Bucket, hits: list[Hit]) -> None:
    """The hours whose files hold the person will let no grace pass, also where their generation is clean."""
    for hour in sorted({generations.hour_in(hit.key) for hit in hits}):
        newest = generations.newest(bucket, hour)
        if newest:
            purges.ask(bucket, newest)
