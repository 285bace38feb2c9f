"""What operations read from a request: a value that must be there, a page of a list."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from local_aws.athena.errors import ApiError

Clock = Callable[[], datetime]
Request = dict[str, Any]
Answer = dict[str, Any]


def need(request: Request, key: str) -> str:
    """Return a value.

    Raises:
        ApiError: It is missing or empty.
    """
    value = request.get(key)
    if not value:
        raise ApiError(f"{key} is required")
    return str(value)


def page_of(items: list[Any], request: Request, most: int) -> tuple[list[Any], dict[str, str]]:
    """Return the items of the page asked for, at most `most`, and the `NextToken` when more follow.

    The token says how many are left: in a list with the newest first, what begins meanwhile moves no page.

    Raises:
        ApiError: The token is not one of ours.
    """
    try:
        left = int(request.get("NextToken") or len(items))
    except ValueError as error:
        raise ApiError("NextToken is invalid") from error
    start = max(0, len(items) - left)
    end = start + min(int(request.get("MaxResults") or most), most)
    return items[start:end], {"NextToken": str(len(items) - end)} if end < len(items) else {}
