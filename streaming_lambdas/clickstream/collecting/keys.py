"""The write key: which app a client says it is. It stands in the source of every page, so it is no secret."""

from base64 import b64decode
from binascii import Error

from clickstream.collecting.requests import Request

_LONGEST = 256
_PARAMETERS = ("writeKey", "write_key")


def write_key(request: Request) -> str | None:
    """The user name of Basic authentication, else a parameter of the query."""
    scheme, _, credentials = request.header("authorization").partition(" ")
    if scheme.lower() == "basic":
        try:
            name = b64decode(credentials, validate=True)[:_LONGEST].partition(b":")[0].decode()
        except (Error, ValueError):
            name = ""
        if name:
            return name
    return (request.parameter(*_PARAMETERS) or "")[:_LONGEST] or None
