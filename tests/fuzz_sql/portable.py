"""Answers as JSON between the environments: one list per expression, an item a row."""

import base64
import datetime as dt
from typing import Any


def portable(value: Any) -> Any:
    """Return a value as JSON holds it, its kind kept: a float is not the integer of the same size."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return {"double": repr(value)}
        case bytes():
            return {"bytes": base64.b64encode(value).decode()}
        case dt.datetime():
            return {"time": value.replace(tzinfo=None).isoformat(timespec="milliseconds")}
        case dt.date():
            return {"date": value.isoformat()}
        case list():
            return [portable(item) for item in value]
        case _:
            raise TypeError(f"no answer of a kind that is compared: {type(value).__name__}")
