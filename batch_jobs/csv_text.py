"""Rows as CSV that a spreadsheet shows and does not run."""

import pandas as pd

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n")
"""A text that begins so is a formula to a spreadsheet. Source: OWASP, CSV Injection."""


def csv_text(frame: pd.DataFrame) -> str:
    """The frame as CSV. A text that a spreadsheet would take for a formula gets an apostrophe in front, numbers not.

    Every line break within a text becomes a line feed.
    """
    safe = frame.copy(deep=False)
    for name, dtype in frame.dtypes.items():
        if pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype):
            safe[name] = frame[name].map(_harmless, na_action="ignore")
    return str(safe.to_csv(index=False, lineterminator="\n"))


def _harmless(value: object) -> object:
    if not isinstance(value, str):
        return value
    # A carriage return would not be quoted before Python 3.13, and begin a row for many readers.
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
