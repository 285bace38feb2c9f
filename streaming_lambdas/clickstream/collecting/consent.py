"""What a visitor refused is taken out here, before anything of it is stored: the stream keeps records for days.

A refusal is a header `Sec-GPC: 1` or `DNT: 1`, or what the event itself says. Such an event keeps what happened, when
and on which page; it loses who it was.
"""

import re
from functools import lru_cache
from typing import Any

from clickstream import enrichment
from clickstream.collecting.requests import Request
from clickstream.intake.events import flag

_HEADERS = {"sec-gpc": "gpc", "dnt": "dnt"}
_SIGNALS = ("gpc", "dnt")
_PLACES = ("context", "properties", "attributes", "data")
"""Where formats keep what has no place of its own."""
IDENTIFYING_FIELDS = ("session_id", "user_id", "anonymous_id", "ip_address")
_ADDRESSES = ("page_url", "referrer")
_TEXTS = ("page_title", "search_term")
_NAMES = re.compile(
    r"(?:.*(?:user|visitor|person|people|customer|client|member|account|anonymous|device|unique|previous|cookie|network"
    r"|advertising|distinct|contact|profile|subscriber|patient|employee|lead|group)_?(?:ids?|uuid|key|hash|token|name)"
    r"|.*session.*|(?:.*_)?(?:e_?mails?|mail|phones?|mobile|telephone|fax)(?:_?(?:address|number|hash|sha256))?"
    r"|(?:.*_)?(?:first|last|full|middle|nick|sur|family|given|birth|display)_?name"
    r"|.*(?:birth_?da(?:y|te)|dob|avatar|ssn|passport)"
    r"|(?:.*_)?(?:street|city|zip|zip_?code|postal_?code|address(?:es)?|geo|lat|lon|lng|latitude|longitude|location)"
    r"|(?:x_)?(?:ip|ip_?address|forwarded_for)|user|users|uid|duid|nuid|tnuid|sid|vid|idfa|idfv|gaid|gclid|fbclid"
    r"|msclkid|fbp|fbc|_?ga|(?:.*_)?traits|password|token|secret|age|gender|first_event_.*)"
)
"""Names of properties that tell who somebody is, in lower case with words parted by underscores."""
_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\s\-.]+")
_LONGEST_NAME = 128
_WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_ALL_IN_CAPITALS = re.compile(r"[A-Z0-9_]+")


def signals(request: Request) -> dict[str, bool]:
    """What the browser says of every event of the request: `gpc` and `dnt`, true where it refuses."""
    return {field: True for name, field in _HEADERS.items() if request.header(name).strip() == "1"}


def is_refused(fields: dict[str, Any]) -> bool:
    """Whether any signal of a flat event is a refusal, by the rules of the stream."""
    return _flag(fields.get("consent")) is False or any(_flag(fields.get(name)) for name in _SIGNALS)


def stated(event: dict[str, Any]) -> object:
    """The answer on consent, wherever an event has it: a plain one, or a refusal where no category is allowed."""
    for place in (event, *(event.get(name) for name in _PLACES)):
        said = place.get("consent") if isinstance(place, dict) else None
        if isinstance(said, bool | int | str):
            return said
        by_category = said.get("categoryPreferences") if isinstance(said, dict) else None
        if isinstance(by_category, dict) and by_category and True not in by_category.values():
            return False
    return None


def refuses(event: dict[str, Any]) -> bool:
    """Whether an event of any format, as it was sent, says that its visitor refuses."""
    places = [event, *(event[name] for name in _PLACES if isinstance(event.get(name), dict))]
    return _flag(stated(event)) is False or any(map(is_refused, places))


def anonymous(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of an event without identifiers, its addresses and texts as the lake would keep them."""
    kept = {name: value for name, value in fields.items() if name not in IDENTIFYING_FIELDS}
    for name in _ADDRESSES:
        if isinstance(kept.get(name), str):
            kept[name] = enrichment.page(kept[name]).url
    for name in _TEXTS:
        if isinstance(kept.get(name), str):
            kept[name] = enrichment.redacted(kept[name])
    return kept


def without_people(value: Any) -> Any:  # noqa: ANN401  whatever JSON holds
    """A JSON value without members that tell who somebody is, by their names, and without e-mail addresses in texts."""
    if isinstance(value, dict):
        return {name: without_people(inner) for name, inner in value.items() if not is_identifying(name)}
    if isinstance(value, list):
        return [without_people(inner) for inner in value]
    if isinstance(value, str):
        return enrichment.page(value).url if _WEB_ADDRESS.match(value) else enrichment.redacted(value)
    return value


@lru_cache(10_000)
def is_identifying(name: str) -> bool:
    """Whether a property of this name tells who somebody is: `userId`, `Email`, `phone_number`, `$ip` …."""
    if len(name) > _LONGEST_NAME:
        return True
    words = name.strip("$_") if _ALL_IN_CAPITALS.fullmatch(name) else _WORD_STARTS.sub("_", name.strip("$_"))
    return _NAMES.fullmatch(words.lower()) is not None


def _flag(value: Any) -> bool | None:  # noqa: ANN401  whatever JSON holds
    return flag(value) if isinstance(value, bool | int | str) else None
