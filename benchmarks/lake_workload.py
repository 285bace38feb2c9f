"""The files of the lake benchmark: one received hour of landing, in many objects with every column of `raw_events`.

A shop's hour in sessions: people, pages, agents and referrers with a long tail, 2 % of the events late, 1 % of the rows
delivered a second time at another position. Codec and encodings are those of landing. The same for every run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clickstream.intake import landing
from clickstream.tables import RAW_EVENTS

HOUR = "2026-11-21T09"
START_US = 1_795_251_600_000_000
"""First instant of the hour, in microseconds since 1970."""
HOUR_US = 3_600_000_000
ROWS_PER_FILE = 10_000
EVENTS_PER_SESSION = 12
EVENTS_PER_RECORD = 10
REDELIVERED_PER_FILE = 100
LATE_SHARE = 0.02
PAGES, AGENTS, ITEMS = 20_000, 960, 50_000
_TYPES = ("page_view", "scroll", "click", "view_item", "search", "add_to_cart", "begin_checkout", "purchase")
_SHARES = (0.36, 0.26, 0.19, 0.11, 0.04, 0.025, 0.01, 0.005)
PURCHASE = _TYPES.index("purchase")
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Workload:
    """What was written: unique events, all rows, and the size of the files."""

    events: int
    rows: int
    files: int
    bytes: int


@dataclass(frozen=True)
class _Events:
    """Some events: the number of each, of its session, page, type and item, and its times in microseconds."""

    number: Numbers
    session: Numbers
    page: Numbers
    type: Numbers
    item: Numbers
    event_us: Numbers
    received_us: Numbers

    def taken(self, places: Numbers) -> "_Events":
        return _Events(*(column[places] for column in self.__dict__.values()))


def write(folder: Path, files: int) -> Workload:
    """Write `files` landing objects into the folder, in order of arrival."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = size = 0
    for number, events in enumerate(_objects(files)):
        path = folder / f"{number:05}.parquet"
        pq.write_table(_table(events, rows), path, **landing.writer_options(RAW_EVENTS.schema))
        rows, size = rows + len(events.number), size + path.stat().st_size
    return Workload(files * ROWS_PER_FILE, rows, files, size)


def _objects(files: int) -> Iterator[_Events]:
    """The events of each object; the last of them come once more in the next object."""
    chance = np.random.default_rng(7)
    everything = _everything(files * ROWS_PER_FILE, chance)
    order = np.argsort(everything.received_us, kind="stable")
    again = order[:0]
    for number in range(files):
        mine = order[number * ROWS_PER_FILE : (number + 1) * ROWS_PER_FILE]
        yield everything.taken(np.concatenate([mine, again]))
        again = chance.choice(mine, REDELIVERED_PER_FILE, replace=False)


def _everything(count: int, chance: np.random.Generator) -> _Events:
    sessions = count // EVENTS_PER_SESSION + 1
    session = np.repeat(np.arange(sessions), EVENTS_PER_SESSION)[:count]
    begins = chance.integers(0, HOUR_US * 9 // 10, sessions)
    event_us = begins[session] + (chance.exponential(25e6, count)).astype(np.int64)
    delay = np.where(
        chance.random(count) < LATE_SHARE, chance.exponential(1.8e9, count), chance.exponential(2e6, count)
    )
    received_us = np.minimum(event_us + delay.astype(np.int64), HOUR_US - 1)
    return _Events(
        number=np.arange(count),
        session=session,
        page=chance.zipf(1.25, count) % PAGES,
        type=chance.choice(len(_TYPES), count, p=_SHARES),
        item=chance.zipf(1.2, count) % ITEMS,
        event_us=START_US + np.minimum(event_us, received_us),
        received_us=START_US + received_us,
    )


def _table(events: _Events, first: int) -> pa.Table:
    columns = _said(events) | _enriched(events) | _delivery(events, first)
    count = len(events.number)
    arrays = [
        columns[field.name] if field.name in columns else pa.nulls(count, field.type) for field in RAW_EVENTS.schema
    ]
    return pa.table(
        [array.cast(field.type) for array, field in zip(arrays, RAW_EVENTS.schema, strict=True)], RAW_EVENTS.schema
    )


def _said(events: _Events) -> dict[str, pa.Array]:
    """What the producer sends."""
    is_sale, is_of_item = events.type == PURCHASE, np.isin(events.type, (3, 5, 7))
    is_known = events.session % 3 == 0
    paths = [f"/{['shop', 'help', 'blog'][page % 3]}/{page}" for page in range(PAGES)]
    cents = events.item * 13 % 40_000 + 500
    money = pa.array(cents / 100).cast(pa.decimal128(18, 2))
    return {
        "event_id": _uuids(events.number),
        "app_id": _chosen(["shop-web"], events.page * 0),
        "event_type": _chosen(_TYPES, events.type),
        "schema_version": _chosen(["1"], events.page * 0),
        "event_time": pa.array(events.event_us, pa.timestamp("us", "UTC")),
        "sent_time": pa.array(events.event_us + 5_000, pa.timestamp("us", "UTC")),
        "session_id": _uuids(events.session + (1 << 40)),
        "user_id": _only(_text("u", events.session), is_known),
        "anonymous_id": _uuids(events.session + (1 << 41)),
        "page_url": _chosen([f"https://www.shop.example{path}" for path in paths], events.page),
        "page_path": _chosen(paths, events.page),
        "page_title": _chosen([f"Shop | {path}" for path in paths], events.page),
        "order_id": _only(_text("o-", events.number), is_sale),
        "revenue": _only(money, is_sale),
        "currency": _only(_chosen(["EUR"], events.page * 0), is_sale),
        "product_id": _only(_text("sku-", events.item), is_of_item),
        "quantity": _only(pa.array(1 + events.item % 4), is_sale),
        "search_term": _only(_text("term ", events.item % 5_000), events.type == 4),
        "properties": _properties(events),
    }


def _enriched(events: _Events) -> dict[str, pa.Array]:
    """What the stream function adds, by session."""
    session = events.session
    agents = [
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{number % 40 + 100}.0.{number}.86 Safari/537.36"
        for number in range(AGENTS)
    ]
    hosts = [None, "google.com", "bing.com", "t.co", *(f"blog{number}.example.net" for number in range(300))]
    place = _tail(session, len(hosts))
    return {
        "time_source": _chosen(["event"], session * 0),
        "referrer": _chosen([host and f"https://{host}/post/{len(host)}" for host in hosts], place),
        "referrer_host": _chosen(hosts, place),
        "channel": _chosen(["direct", "organic_search", "social", "referral"], np.minimum(place, 3)),
        "utm_campaign": _chosen([None, None, None, *(f"cmp-{number}" for number in range(60))], _tail(session, 63)),
        "user_agent": _chosen(agents, _tail(session, AGENTS)),
        "device_type": _chosen(["desktop", "mobile", "tablet"], session % 3),
        "browser": _chosen(["Chrome", "Firefox", "Safari"], session % 3),
        "os": _chosen(["Windows", "Android", "iOS", "macOS"], session % 4),
        "is_bot": pa.array(session % 50 == 0),
        "bot_reason": _only(_chosen(["crawler"], session * 0), session % 50 == 0),
        "country": _chosen(["US", "GB", "DE", "FR", "IN", "BR", "JP", "CA", "AU", "ES"], _tail(session, 10)),
        "ip_address": pc.binary_join_element_wise(
            "10", _numbers(session % 256), _numbers(session // 256 % 256), "0/24", "."
        ),
        "consent": pa.array(session % 2 == 0),
    }


def _delivery(events: _Events, first: int) -> dict[str, pa.Array]:
    """Where the stream had them: the rows are numbered from `first` on, ten to a record."""
    place = first + np.arange(len(events.number))
    record = pc.binary_join_element_wise(
        "49590338271490256608559692538", _numbers(10**9 + place // EVENTS_PER_RECORD), ""
    )
    return {
        "received_time": pa.array(events.received_us, pa.timestamp("us", "UTC")),
        "epoch": _chosen(["1763000000"], place * 0),
        "shard_id": _chosen(["shardId-000000000000"], place * 0),
        "sequence_number": pc.utf8_lpad(record, 130, "0"),
        "sub_sequence": pa.array(place % EVENTS_PER_RECORD),
    }


def _properties(events: _Events) -> pa.Array:
    depth, width = _numbers(events.number * 7 % 100), _numbers(events.number * 31 % 1_900)
    texts = pc.binary_join_element_wise(
        '{"depth":', depth, ',"x":', width, ',"load_ms":', _numbers(events.number % 4_000), "}", ""
    )
    return _only(texts, events.number % 10 > 2)


def _uuids(numbers: Numbers) -> pa.Array:
    """Text of the form of a UUID, as random as can be made of a number."""
    words = [_mixed(numbers, 1), _mixed(numbers, 2)]
    raw = np.stack(words, axis=1).astype(">u8").view(np.uint8).reshape(len(numbers), 16)
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    text = np.full((len(numbers), 36), ord("-"), np.uint8)
    places = [place for place in range(36) if place not in {8, 13, 18, 23}]
    text[:, places[0::2]], text[:, places[1::2]] = digits[raw >> 4], digits[raw & 15]
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(36), len(numbers), [None, pa.py_buffer(text.tobytes())])
    return fixed.cast(pa.binary()).cast(pa.string())


def _mixed(numbers: Numbers, salt: int) -> npt.NDArray[np.uint64]:
    """SplitMix64 (Steele, Lea and Flood 2014): numbers that look random."""
    mixed = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(salt * 0x1234567)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: npt.NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return found


def _tail(numbers: Numbers, count: int) -> Numbers:
    """For each number one of `count` places, the first ones far more often; always the same."""
    share = _mixed(numbers, 3).astype(np.float64) / 2**64
    return (share**4 * count).astype(np.int64)


def _chosen(values: Any, places: Numbers) -> pa.Array:  # noqa: ANN401  a sequence of texts or None
    return pa.array(values, pa.string()).take(pa.array(places))


def _text(prefix: str, numbers: Numbers) -> pa.Array:
    return pc.binary_join_element_wise(prefix, _numbers(numbers), "")


def _numbers(numbers: Numbers) -> pa.Array:
    return pa.array(numbers).cast(pa.string())


def _only(values: pa.Array, mask: npt.NDArray[np.bool_]) -> pa.Array:
    return pc.if_else(pa.array(mask), values, pa.scalar(None, values.type))
