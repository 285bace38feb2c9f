"""Where sessions begin: rules over the events of many people, in order of person and time, all rows at once.

A pause of `gap_s` or more begins a new session. Whoever pauses nowhere through a whole UTC day is cut at the midnight
that ends it; so every session lies within two dates, and those of a date follow from the events of the day before, the
day itself and the day after, however long a machine keeps knocking.
"""

import numpy as np
from numpy.typing import NDArray

from clickstream.lake.session_rules import Rules

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
DAY_US = 86_400_000_000


def beginnings(people: Ints, times_us: Ints, campaigns: Ints, rules: Rules) -> Mask:
    """Which events begin a session.

    Args:
        people: A number for each person; equal ones stand together.
        times_us: Event time, microseconds since 1970 UTC, ascending within a person.
        campaigns: A number for the campaign that the event states, -1 where it states none.
        rules: What ends a session.
    """
    is_first = _changes(people)
    pauses = np.diff(times_us, prepend=times_us[:1]) >= rules.gap_s * 1_000_000
    is_new: Mask = is_first | pauses
    is_new_day = is_first | _changes(times_us // DAY_US)
    if rules.is_cut_at_midnight:
        is_new |= is_new_day
    elif rules.is_cut_after_full_day:
        is_new |= _after_full_days(is_first, is_new_day, pauses, times_us, rules.gap_s * 1_000_000)
    if rules.is_cut_at_campaign:
        is_new |= _other_campaigns(is_new, campaigns)
    return is_new


def _changes(values: Ints) -> Mask:
    """True where a value differs from the one before it, and for the first."""
    changes = np.ones(len(values), dtype=np.bool_)
    changes[1:] = values[1:] != values[:-1]
    return changes


def _after_full_days(is_first: Mask, is_new_day: Mask, pauses: Mask, times_us: Ints, gap_us: int) -> Mask:
    """True for the first event of a person's day if the same person's previous day with events had no pause at all."""
    starts = np.flatnonzero(is_new_day)
    cuts = np.zeros(len(is_new_day), dtype=np.bool_)
    if not len(starts):
        return cuts
    ends = np.append(starts[1:], len(times_us)) - 1
    is_inner_pause = pauses & ~is_new_day
    midnights = times_us[starts] // DAY_US * DAY_US
    is_full = np.add.reduceat(is_inner_pause.astype(np.int64), starts) == 0
    is_full &= (times_us[starts] < midnights + gap_us) & (times_us[ends] > midnights + DAY_US - gap_us)
    cuts[starts[1:]] = is_full[:-1]
    return cuts & ~is_first


def _other_campaigns(is_new: Mask, campaigns: Ints) -> Mask:
    """True for an event that states another campaign than the last one stated in its session, which may be none."""
    places = np.arange(len(is_new), dtype=np.int64)
    session_starts = np.maximum.accumulate(np.where(is_new, places, 0))
    is_stated = campaigns >= 0
    last_stated = np.maximum.accumulate(np.where(is_stated, places, -1))
    before = np.concatenate([np.full(1, -1, dtype=np.int64), last_stated[:-1]])[: len(is_new)]
    in_force = np.where(before >= session_starts, campaigns[np.maximum(before, 0)], -1)
    changes: Mask = is_stated & (campaigns != in_force) & ~is_new
    return changes
