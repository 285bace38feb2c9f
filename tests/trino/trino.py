"""A Trino server over HTTP: its protocol of statements, and its values as Python's.

https://trino.io/docs/current/develop/client-protocol.html: a statement is posted, then each answer names the next one
until none does; columns come once, rows with any answer, and a failure is an object in it.
"""

import base64
import datetime as dt
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

from local_aws.athena.errors import QueryError

_BUSY = frozenset({429, 502, 503, 504})
_PAUSE_S = 0.1
_WAIT_S = 60.0
"""How long a server may be busy before it is given up."""


@dataclass(frozen=True)
class Trino:
    """A server.

    Attributes:
        url: `http://host:port`; `https://user:password@host` for one that asks who is there.
        catalog: Where names are looked up, as in `X-Trino-Catalog`.
        schema: The same within the catalog.
    """

    url: str
    catalog: str
    schema: str

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows as Python's values.

        Raises:
            QueryError: The statement failed; the code is Trino's name of the error.
            ConnectionError: The server does not answer, or not as its protocol says.
        """
        columns: list[Any] = []
        rows: list[Any] = []
        for answer in self._answers(sql):
            if "error" in answer:
                raise QueryError(answer["error"]["errorName"], answer["error"]["message"])
            columns = answer.get("columns") or columns
            rows.extend(answer.get("data") or [])
        kinds = [column["typeSignature"] for column in columns]
        return [tuple(value_of(cell, kind) for cell, kind in zip(row, kinds, strict=True)) for row in rows]

    def _answers(self, sql: str) -> Iterator[dict[str, Any]]:
        answer = self._asked(f"{self._base}/v1/statement", sql.encode())
        yield answer
        while following := answer.get("nextUri"):
            answer = self._asked(following)
            yield answer

    @property
    def _base(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"

    def _headers(self) -> dict[str, str]:
        parts = urlsplit(self.url)
        user = unquote(parts.username or "clickstream")
        headers = {
            "X-Trino-User": user,
            "X-Trino-Source": "clickstream-tests",
            "X-Trino-Catalog": self.catalog,
            "X-Trino-Schema": self.schema,
            "X-Trino-Time-Zone": "UTC",
            # Without it, timestamps come with three digits whatever their type says.
            "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
        }
        if parts.password is None:
            return headers
        secret = base64.b64encode(f"{user}:{unquote(parts.password)}".encode()).decode()
        return {**headers, "Authorization": f"Basic {secret}"}

    def _asked(self, url: str, body: bytes | None = None) -> dict[str, Any]:
        request = Request(url, body, self._headers())  # noqa: S310 - the address is the user's
        deadline = time.monotonic() + _WAIT_S
        while True:
            try:
                with urlopen(request, timeout=_WAIT_S) as response:  # noqa: S310 - as above
                    return dict(json.load(response))
            except HTTPError as error:
                if error.code not in _BUSY or time.monotonic() > deadline:
                    raise ConnectionError(f"{url} answers {error.code}: {error.read(200)!r}") from error
                time.sleep(float(error.headers.get("Retry-After") or _PAUSE_S))
            except ValueError as error:
                raise ConnectionError(f"{url} does not answer as Trino does: {error}") from error


def value_of(cell: Any, kind: dict[str, Any]) -> Any:
    """Return a cell of an answer as the type of its column has it.

    Args:
        cell: As JSON has it.
        kind: The `typeSignature`.
    """
    if cell is None:
        return None
    match kind["rawType"]:
        case "array":
            (item,) = _inner(kind)
            return [value_of(one, item) for one in cell]
        case "map":
            key, item = _inner(kind)
            return {value_of(name, key): value_of(one, item) for name, one in cell.items()}
        case "row":
            return {name: value_of(one, inner) for (name, inner), one in zip(_fields(kind), cell, strict=True)}
        case raw:
            return _plain(cell, raw)


def _inner(kind: dict[str, Any]) -> list[dict[str, Any]]:
    return [argument["value"] for argument in kind["arguments"]]


def _fields(kind: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and type of each field of a row; those without a name are called `field0`, `field1` and so on."""
    for place, argument in enumerate(kind["arguments"]):
        name = (argument["value"].get("fieldName") or {}).get("name")
        yield name or f"field{place}", argument["value"]["typeSignature"]


def _plain(cell: Any, raw: str) -> Any:
    match raw:
        case "tinyint" | "smallint" | "integer" | "bigint":
            return int(cell)  # keys of maps are text
        case "double" | "real":
            return float(cell)  # "NaN", "Infinity"
        case "boolean":
            return cell if isinstance(cell, bool) else cell == "true"
        case "decimal":
            return Decimal(cell)
        case "varbinary":
            return base64.b64decode(cell)
        case "date":
            return dt.date.fromisoformat(cell)
        case "timestamp":
            return dt.datetime.fromisoformat(cell)
        case "timestamp with time zone":
            return _instant(cell)
    return cell


def _instant(cell: str) -> dt.datetime:
    clock, _, zone = cell.rpartition(" ")
    if zone[0] in "+-":
        return dt.datetime.fromisoformat(clock + zone).astimezone(dt.UTC)
    return dt.datetime.fromisoformat(clock).replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)
