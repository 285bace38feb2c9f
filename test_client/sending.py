"""A file on its way into a stream: examined, packed, paced, sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from clickstream_tracker.packing import MAX_RECORD_BYTES, Item, Packer, compress, plain_key
from clickstream_tracker.sender import Sender, Totals
from test_client.errors import InputError
from test_client.source import Source, examine

PACKED_BUCKETS = 16
RAW_BUCKETS = 500
_TICK_S = 1.0
_MINUTE_MS = 60_000


def arrival_key(bucket: int, items: Sequence[Item]) -> str:
    """A partition key that ends in the arrival of the record's last line: ``b017@<epoch ms>``."""
    return f"{plain_key(bucket, items)}@{items[-1].arrival_ms or 0}"


@dataclass(frozen=True, slots=True)
class SendOptions:
    """How to send: ``rate`` in lines a second (None: as fast as the stream takes them); buckets, see ``Packer``."""

    rate: float | None = None
    buckets: int | None = None
    is_raw: bool = False
    by_arrival: bool = False

    def packer(self) -> Packer:
        """Make the packer for these options."""
        buckets = self.buckets or (RAW_BUCKETS if self.is_raw else PACKED_BUCKETS)
        return Packer(buckets, is_raw=self.is_raw, key_of=arrival_key if self.by_arrival else plain_key)


@dataclass(slots=True)
class _Pacer:
    """Holds the pace of ``rate`` lines a second, in ticks of about a second."""

    rate: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    start_s: float

    @property
    def tick_lines(self) -> int:
        return max(1, round(self.rate * _TICK_S))

    def wait(self, lines: int) -> None:
        """Wait until ``lines`` lines may have been sent."""
        ahead_s = self.start_s + lines / self.rate - self.clock()
        if ahead_s > 0:
            self.sleep(ahead_s)


def _first_arrival_ms(source: Source) -> int:
    if source.first_arrival_ms is None:
        raise InputError(f"{source.path} names no arrival times: --arrival-times needs sent_at in its events")
    return source.first_arrival_ms


def _arriving(source: Source, late: Source | None) -> Iterator[Item]:
    """Give a line without an arrival that of the line before; no late line arrives before the file's last one."""
    last_ms = _first_arrival_ms(source)
    for item in source.items():
        last_ms = last_ms if item.arrival_ms is None else item.arrival_ms
        yield replace(item, arrival_ms=last_ms)
    earliest_ms = last_ms
    for item in late.items() if late else ():
        last_ms = last_ms if item.arrival_ms is None else max(earliest_ms, item.arrival_ms)
        yield replace(item, arrival_ms=last_ms)


def check_fits(source: Source, *, is_raw: bool) -> None:
    """Make sure that every line fits into a Kinesis record, before the first one is sent.

    Raises:
        InputError: a line does not.
    """
    if source.longest <= MAX_RECORD_BYTES:
        return
    for item in source.items():
        size = len(item.data) if is_raw or len(item.data) <= MAX_RECORD_BYTES else len(compress([item.data]))
        if size > MAX_RECORD_BYTES:
            raise InputError(f"{source.path} has a line that does not fit into a Kinesis record of 1 MiB: shorten it")


def send_source(
    source: Source,
    sender: Sender,
    options: SendOptions,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    late: Source | None = None,
) -> None:
    """Send every line of ``source``, then of ``late``; what was accepted is in ``sender.totals``, also after an error.

    Raises:
        InputError: nothing was sent, since the options do not suit the file.
        SendError: the stream did not take everything, or the file was changed meanwhile.
    """
    packer, pacer = options.packer(), _Pacer(options.rate, clock, sleep, clock()) if options.rate else None
    items = _arriving(source, late) if options.by_arrival else chain(source.items(), late.items() if late else ())
    minute = 0
    for count, item in enumerate(items, 1):
        if options.by_arrival and minute != (minute := (item.arrival_ms or 0) // _MINUTE_MS):
            _send_all(sender, packer)
        sender.send(packer.add(item))
        if pacer and count % pacer.tick_lines == 0:
            _send_all(sender, packer)
            pacer.wait(count)
    _send_all(sender, packer)


def _send_all(sender: Sender, packer: Packer) -> None:
    sender.send(packer.flush())
    sender.drain()


def send_file(
    path: Path,
    sender: Sender,
    options: SendOptions,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Totals:
    """Examine a file and send it; see ``examine`` and ``send_source`` for what is raised."""
    source = examine(path)
    check_fits(source, is_raw=options.is_raw)
    send_source(source, sender, options, clock=clock, sleep=sleep)
    return sender.totals
