"""Leaving out counts of few people: a cell about a handful of visitors may point at one of them."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from batch_jobs.reports.published import Restatement
from batch_jobs.reports.report_rows import Number, Numbers, ReportRows

_PEOPLE = re.compile(r"(?:.+_)?(?:visitors|sessions)|returned|conversions|entries|exits|bounces")
_DERIVED = re.compile(r".+_(?:rate|conversion|per_session)|median_.+|rate_.+|session_share|(?:difference|z)(?:_.+)?")
"""Ratios of counts of people, which with another column give the count back, and what few of them had in common."""


class Suppressed(NamedTuple):
    """Rows in which small counts are null, and how many counts were made so."""

    frame: pd.DataFrame
    cells: int


def suppress(frame: pd.DataFrame, least: int) -> Suppressed:
    """Make counts of visitors and sessions below `least` null, and the ratios in their rows.

    A single small count in a column could be told from the column's sum, so the smallest of the others goes with it.
    This does not keep anybody from comparing one report with another.
    """
    people = [name for name in map(str, frame.columns) if _PEOPLE.fullmatch(name)]
    derived = [name for name in map(str, frame.columns) if _DERIVED.fullmatch(name)]
    masks = {name: _small(frame[name], least) for name in people} if least else {}
    cells = sum(int(mask.sum()) for mask in masks.values())
    if not cells:
        return Suppressed(frame, 0)
    shown = frame.copy()
    for name, mask in masks.items():
        shown[name] = frame[name].mask(mask)
        for ratio in derived:
            shown[ratio] = shown[ratio].mask(mask)
    return Suppressed(shown, cells)


def quotable(rows: ReportRows, least: int) -> dict[str, Number | None]:
    """The key numbers of rows in which nothing was suppressed, without those about fewer people than `least`."""
    numbers = without_few(rows.key_numbers, least)
    converted = rows.total("session_summary", "converted_sessions")
    return numbers | ({"conversion_rate": None} if converted is not None and converted < least else {})


def without_few(numbers: Numbers, least: int) -> dict[str, Number | None]:
    """Key numbers without those about fewer people than `least`."""
    return {name: None if is_few(name, value, least) else value for name, value in numbers.items()}


def is_few(name: str, value: Number | None, least: int) -> bool:
    """Whether it is a count of people, of fewer than `least`."""
    return _PEOPLE.fullmatch(name) is not None and value is not None and value < least


def is_quotable(restated: Restatement, least: int) -> bool:
    """Whether neither the old nor the new value is about fewer people than `least`."""
    return not any(is_few(restated.number, value, least) for value in (restated.old, restated.new))


def earlier(known: Mapping[str, Number], rows: ReportRows, least: int) -> dict[str, Number]:
    """Of the numbers known from earlier runs, those that these rows do not state, as their report failed."""
    stated = {name for name, value in rows.key_numbers.items() if value is not None}
    return {name: value for name, value in known.items() if name not in stated and not is_few(name, value, least)}


def _small(counts: "pd.Series[int]", least: int) -> "pd.Series[bool]":
    mask = (counts < least).fillna(value=False).astype(bool)
    if mask.sum() != 1:
        return mask
    return mask | (counts == counts[~mask].min()).fillna(value=False).astype(bool)
