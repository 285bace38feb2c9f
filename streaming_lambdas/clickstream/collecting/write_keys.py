"""Write keys: which may send, and for which app. They stand in every page that sends, so they prove nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from clickstream.collecting.collecting import CollectedEvent
from clickstream.errors import ConfigError

EVERYBODY = "*"
"""Owner of all requests where any key may send: a limit for each name would be none for who makes up names."""
LONGEST = 3_000
"""Characters of the whole table: a function's variables have 4 KB together."""
_NULL = msgspec.Raw(b"null")
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_read = msgspec.json.Decoder(dict[str, str]).decode


class WriteKeys:
    """The keys that may send.

    Args:
        apps: The app of each key, empty for none; no keys at all: any key may send, and so may requests without one.
    """

    def __init__(self, apps: Mapping[str, str]) -> None:
        self._apps = apps

    def owner(self, key: str | None) -> str | None:
        """In whose name a request counts; None if the key is not known."""
        if not self._apps:
            return EVERYBODY
        return key if key in self._apps else None

    def with_app(self, events: Sequence[CollectedEvent], key: str | None) -> Sequence[CollectedEvent]:
        """The events, with the app of the key where they name none."""
        app = self._apps.get(key or "", "")
        if not app:
            return events
        return [event if event.is_bad else replace(event, payload=_with_app(event.payload, app)) for event in events]


def parse(text: str) -> dict[str, str]:
    """Read `{"key": "app", …}`. Raises `ConfigError`."""
    try:
        apps = _read(text or "{}")
    except msgspec.DecodeError as error:
        raise ConfigError('an object such as {"key-of-the-shop": "shop"} is needed') from error
    if "" in apps or len(text) > LONGEST:
        raise ConfigError(f"keys must not be empty, and the whole at most {LONGEST:,} characters")
    return apps


def _with_app(payload: bytes, app: str) -> bytes:
    """The event of that app, unless it names one. What is no object stays byte for byte as it is."""
    try:
        members = _decode(payload)
    except msgspec.DecodeError:
        return payload
    if bytes(members.get("app_id", _NULL)) not in (b"null", b'""'):
        return payload
    return msgspec.json.encode({**members, "app_id": app})
