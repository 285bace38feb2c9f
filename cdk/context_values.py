"""How the value of one context key is read: each reader takes the text and raises `ConfigError` for a wrong one."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clickstream.collecting.requests import Limits
from clickstream.collecting.write_keys import parse
from clickstream.errors import ConfigError
from clickstream.lake import file_shapes

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?")
_INSTANCE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")
_QUICKSIGHT = re.compile(r"arn:aws[a-z-]*:quicksight:[a-z0-9-]+:[0-9]{12}:(user|group)/[^/\s]+/\S+", re.ASCII)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PRINCIPAL = re.compile(r"arn:aws(-[a-z]+)*:iam::[0-9]{12}:(root|(user|role)/[\w+=,.@/-]*[\w+=,.@-])", re.ASCII)


@dataclass(frozen=True)
class Option:
    """One context key: the field of `Config` it sets, how its value is read, and what a person needs to know."""

    field: str
    read: Callable[[str], str | int]
    meaning: str


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number within these bounds."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise ConfigError(f"a whole number from {least:,} to {most:,} is needed")
        return int(text)

    return read


def one_in(sizes: range) -> Callable[[str], int]:
    """A whole number of the range: within its bounds and, where it has a step, a multiple of it."""
    read_whole = whole(sizes[0], sizes[-1])

    def read(text: str) -> int:
        if (size := read_whole(text)) not in sizes:
            raise ConfigError(f"a multiple of {sizes.step} is needed, for example {size - size % sizes.step}")
        return size

    return read


def days_or_all(least: int) -> Callable[[str], int]:
    """Days of a zone from which nightly jobs make something of yesterday: with fewer they would never get to it."""

    def read(text: str) -> int:
        if text == "0":
            return 0
        try:
            return whole(least, 36_500)(text)
        except ConfigError as error:
            raise ConfigError(f"0, for all, or {error}") from error

    return read


def one_of(*words: str) -> Callable[[str], str]:
    """One of these words."""

    def read(text: str) -> str:
        if text not in words:
            raise ConfigError(f"one of {', '.join(words)} is needed")
        return text

    return read


def address(text: str) -> str:
    """An e-mail address, or nothing."""
    if text and not _ADDRESS.fullmatch(text):
        raise ConfigError("an e-mail address such as team@example.com is needed")
    return text


def quicksight_principal(text: str) -> str:
    """The ARN of a user or group of QuickSight, or nothing. Who signs in by a role has a name with slashes."""
    if text and not _QUICKSIGHT.fullmatch(text):
        raise ConfigError(
            "the ARN of a user or group of QuickSight is needed, as `aws quicksight list-users` shows it: "
            "arn:aws:quicksight:us-east-1:123456789012:user/default/ana"
        )
    return text


def notebook_instance(text: str) -> str:
    """A type of machine of SageMaker, or `off`."""
    if text != "off" and not _INSTANCE.fullmatch(text):
        raise ConfigError("a type such as ml.t3.medium is needed, or off")
    return text


def principal(text: str) -> str:
    """The ARN of a user, a role or an account, or nothing."""
    if text and not _PRINCIPAL.fullmatch(text):
        raise ConfigError(
            "the ARN of a role, a user or an account is needed, such as arn:aws:iam::111122223333:role/analysts"
        )
    return text


def database_file(text: str) -> str:
    """The whole path of a country database that is there, or nothing."""
    path = Path(text).expanduser().resolve()
    if text and not (path.suffix == ".mmdb" and path.is_file()):
        raise ConfigError("a country database such as GeoLite2-Country.mmdb is needed, and no such file is there")
    return str(path) if text else ""


def file_shape(text: str) -> str:
    """The shape of data files, spelled in one way."""
    return file_shapes.spelled(file_shapes.parse(text))


def origins(text: str) -> str:
    """Sites as browsers name them, with commas; or `*`."""
    for one in text.split(","):
        if text != "*" and not _ORIGIN.fullmatch(one):
            raise ConfigError("sites such as https://shop.example,https://www.shop.example are needed, or * for any")
    return text


def write_keys(text: str) -> str:
    """The app of each write key, spelled in one way."""
    return json.dumps(parse(text), separators=(",", ":"))


def events_or_any(text: str) -> int:
    """Events in a minute: at least as many as one request may hold, or that request would never be taken."""
    if text == "0":
        return 0
    try:
        return whole(Limits().events, 1_000_000_000)(text)
    except ConfigError as error:
        raise ConfigError(f"0, for no limit, or {error}") from error
