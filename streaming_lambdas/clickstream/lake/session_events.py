"""Whose session an event belongs to, and the order of a person's events."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clickstream.lake.session_cuts import Ints, Mask
from clickstream.tables import RAW_EVENTS

POSITION = ("epoch", "shard_id", "sequence_number", "sub_sequence", "event_id")
COLUMNS = (
    "app_id",
    "event_type",
    "event_time",
    "received_time",
    "session_id",
    "user_id",
    "anonymous_id",
    "page_path",
    "channel",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "device_type",
    "is_bot",
    "country",
    "order_id",
    "revenue",
    "currency",
    *POSITION,
)
"""What sessions are made of."""
SCHEMA = pa.schema([RAW_EVENTS.schema.field(name) for name in COLUMNS])
KEY = "person_key"
KEYED = SCHEMA.append(pa.field(KEY, pa.string()))
_CAMPAIGN = ("utm_source", "utm_medium", "utm_campaign")
_SEPARATOR = "\x1f"


def keyed(events: pa.Table) -> pa.Table:
    """The events that belong to a session, with the key of their person, and never without a time.

    A person is an anonymous_id (signing in must not split a session), else a session_id of the producer, else a
    user_id; in each app for itself, and machines apart from people. Events with none of them, as without consent,
    belong to no session.
    """
    identity = pc.coalesce(
        _marked("d", events["anonymous_id"]), _marked("s", events["session_id"]), _marked("u", events["user_id"])
    )
    kind = pc.if_else(pc.fill_null(events["is_bot"], fill_value=False), "bot", "person")
    key = pc.binary_join_element_wise(pc.fill_null(events["app_id"], ""), kind, identity, _SEPARATOR)
    times = pc.coalesce(events["event_time"], events["received_time"])
    place = events.schema.get_field_index("event_time")
    full = events.set_column(place, "event_time", times).append_column(KEY, key)
    return full.filter(pc.and_(pc.is_valid(key), pc.is_valid(times)))


def in_order(events: pa.Table) -> tuple[Ints, Ints]:
    """A number for each event's person, and the order of the events: by person, time, arrival, and then position."""
    people = codes(events[KEY])
    keys = [numbers(events["received_time"]), numbers(events["event_time"]), people]
    order = np.lexsort(keys)
    is_tied = np.ones(max(len(order) - 1, 0), dtype=np.bool_)
    for key in keys:
        is_tied &= key[order][1:] == key[order][:-1]
    if not is_tied.any():
        return people, order
    # Comparing long texts is slow, and few events are equal in all numbers.
    tied = order[np.append(is_tied, values=False) | np.insert(is_tied, 0, values=False)]
    ranks = np.zeros(len(order), dtype=np.int64)
    by_position = pc.sort_indices(
        events.select(POSITION).take(tied), sort_keys=[(name, "ascending") for name in POSITION]
    )
    ranks[tied[by_position.to_numpy()]] = np.arange(len(tied))
    return people, np.lexsort([ranks, *keys])


def campaigns(events: pa.Table) -> Ints:
    """A number for each campaign (source, medium and name), -1 where the event states none."""
    parts = [pc.fill_null(events[name], "") for name in _CAMPAIGN]
    text = pc.binary_join_element_wise(*parts, _SEPARATOR)
    is_stated = pc.not_equal(text, _SEPARATOR * (len(parts) - 1))
    return codes(pc.if_else(is_stated, text, pa.scalar(None, pa.string())))


def codes(column: pa.ChunkedArray) -> Ints:
    """Equal values as equal numbers from 0, nulls as -1."""
    encoded = flat(column).dictionary_encode()
    found: Ints = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def numbers(column: pa.ChunkedArray) -> Ints:
    """Instants as microseconds since 1970; null is the smallest number."""
    least = np.iinfo(np.int64).min
    found: Ints = pc.fill_null(flat(column).cast(pa.int64()), least).to_numpy(zero_copy_only=False)
    return found


def flat(column: Any) -> Any:  # noqa: ANN401  pyarrow ships no types
    """A column in one piece."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def places(mask: pa.ChunkedArray) -> Mask:
    """A boolean column without nulls as numpy sees it."""
    found: Mask = flat(mask).to_numpy(zero_copy_only=False).astype(np.bool_)
    return found


def _marked(mark: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(mark, column, ":")
