"""Path templates: `/order/4711/items` → `/order/{id}/items`, so that counts by page stay few. Pure, cached per path.

A template keeps the case of its words, since paths may tell case apart. Numbers, UUIDs, hashes, long tokens and words
with such an id in them become `{id}`, dates `{date}`, texts too long for a name `{text}`. Words of letters alone,
small numbers beside words (`iphone-15`), years (`summer-2026`) and versions (`v2`) stay.
"""

import re
from functools import lru_cache
from urllib.parse import unquote

MAX_TEMPLATE = 256
"""Characters of a template at most."""
_MAX_WORD = 64
_MORE = "/{more}"
_YEAR = r"(?:19|20)\d\d"
_DATE_FOLDERS = re.compile(rf"(?<=/){_YEAR}/(?:0?[1-9]|1[0-2])(?:/(?:0?[1-9]|[12]\d|3[01]))?(?=/|$)")
_DATE = re.compile(
    rf"{_YEAR}([-_.])(?:0[1-9]|1[0-2])(?:\1(?:0[1-9]|[12]\d|3[01]))?|{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
)
_NUMBER = re.compile(r"[-+]?\d[\d.,_+-]*")
_UUID = re.compile(r"\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?", re.IGNORECASE)
_HEX = re.compile(r"(?=.*\d)[0-9a-f]{8,}", re.IGNORECASE)
_LETTERS_AND_NUMBER = re.compile(r"[a-z]{1,4}\d{3,}", re.IGNORECASE)
_LETTERS_AND_LONG_NUMBER = re.compile(r"[a-z]{1,4}\d{4,}", re.IGNORECASE)
_MIXED = re.compile(r"(?=(?:.*\d){2})[0-9A-Za-z]{20,}")
_CHANGES = re.compile(r"(?<=\d)(?=[A-Za-z])|(?<=[A-Za-z])(?=\d)")
_EXTENSION = re.compile(r"(?<=.)\.[A-Za-z]{2,5}$")
_SEPARATOR = re.compile(r"[-_.~+ ]+")
_PLACEHOLDER = re.compile(r"\{(?:id|date|text|more)\}(?:\.[A-Za-z]{2,5})?")
_CACHE = 20_000
_LONG = 512
"""Longer paths are worked out each time, so that the remembered ones fit a function's memory."""


def path_template(path: str) -> str:
    """The template of a path: it starts with a slash, has no empty part and no slash at the end. Idempotent."""
    return _template.__wrapped__(path) if len(path) > _LONG else _template(path)


@lru_cache(_CACHE)
def _template(path: str) -> str:
    plain = re.sub(r"[?#].*|;[^/]*", "", path, flags=re.DOTALL)
    parts = [part for part in plain.split("/") if part]
    folded = _DATE_FOLDERS.sub("{date}", "/" + "/".join(parts))
    template = "/" + "/".join(map(_part, folded[1:].split("/")))
    return template if len(template) <= MAX_TEMPLATE else _cut(template)


def _cut(template: str) -> str:
    """As many whole parts as fit."""
    end = template.rfind("/", 0, MAX_TEMPLATE - len(_MORE) + 1)
    return template[: max(end, 0)] + _MORE


def _part(part: str) -> str:
    if _PLACEHOLDER.fullmatch(part):
        return part
    word = unquote(part)
    if _DATE.fullmatch(word):
        return "{date}"
    extension = _EXTENSION.search(word)
    if extension and _is_id(word[: extension.start()]):
        return "{id}" + extension.group()
    if _is_id(word):
        return "{id}"
    return part if len(word) <= _MAX_WORD else "{text}"


def _is_id(word: str) -> bool:
    if _NUMBER.fullmatch(word) or _UUID.fullmatch(word):
        return True
    pieces = _SEPARATOR.split(word)
    return _is_token(word) if len(pieces) == 1 else any(map(_is_long_token, pieces))


def _is_token(word: str) -> bool:
    return bool(_LETTERS_AND_NUMBER.fullmatch(word)) or _is_long_token(word)


def _is_long_token(word: str) -> bool:
    """Whether a word names one thing even among other words: a year or a small number does not."""
    if word.isdecimal():
        return len(word) > 3 and not re.fullmatch(_YEAR, word)
    if _HEX.fullmatch(word) or _MIXED.fullmatch(word) or _LETTERS_AND_LONG_NUMBER.fullmatch(word):
        return True
    return len(word) >= 8 and word.isalnum() and len(_CHANGES.findall(word)) >= 3
