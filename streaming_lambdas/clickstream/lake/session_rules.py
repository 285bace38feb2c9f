"""What ends a session, as data: the commits of `sessions` name it."""

import msgspec

LONGEST_GAP_S = 12 * 3600
"""With longer gaps a few events would count as activity through a whole day."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What ends a session. A commit names the rules it was built by; other rules build the date again.

    Attributes:
        gap_s: Seconds; a pause of exactly this long ends the session.
        is_cut_at_midnight: A session ends with the UTC date.
        is_cut_at_campaign: An event that states another campaign than the session so far begins a new one.
        is_cut_after_full_day: The cut described in `session_cuts`, on which building date by date rests.
        version: Of the rules that are not options, and of the columns.
    """

    gap_s: int = 1800
    is_cut_at_midnight: bool = False
    is_cut_at_campaign: bool = False
    is_cut_after_full_day: bool = True
    version: int = 1
