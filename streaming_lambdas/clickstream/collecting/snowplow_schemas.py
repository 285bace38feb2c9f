"""Self-describing objects of Snowplow's trackers: what an event and its contexts say, as properties."""

import re
from dataclasses import dataclass, field
from typing import Any

_SCHEMA = re.compile(r"iglu:([^/]+)/([^/]+)/")
_OF_SNOWPLOW = "com.snowplowanalytics."
_ECOMMERCE_ACTION = "snowplow_ecommerce_action"
_TRANSACTION = "transaction"
_TERMS = "terms"


@dataclass(frozen=True)
class Described:
    """A self-describing event with its contexts."""

    schema: str = ""
    action: str | None = None
    """What happened, where the schema names a family of actions."""
    properties: dict[str, Any] = field(default_factory=dict)
    """The data of the event, and of each context under the name of its schema."""
    session: dict[str, Any] = field(default_factory=dict)
    """The context that names session and device, where trackers of apps tell them."""


def described(event: dict[str, Any], contexts: dict[str, Any]) -> Described:
    """What an event and its contexts say; both are the wrappers in which they travel."""
    inner = event.get("data")
    inner = inner if isinstance(inner, dict) else {}
    schema, data = inner.get("schema"), inner.get("data")
    properties: dict[str, Any] = dict(data) if isinstance(data, dict) else {"data": data} if data is not None else {}
    entities = contexts.get("data")
    entities = entities if isinstance(entities, list) else [contexts] if contexts else []
    if entities:
        properties["contexts"] = [_entity(one) for one in entities]
    schema = schema if isinstance(schema, str) else ""
    action = _action(name_of(schema), properties)
    if action == _TRANSACTION:
        properties = _of_transaction(entities) | properties
    terms = properties.get(_TERMS)
    if name_of(schema) == "site_search" and isinstance(terms, list):
        properties["search_term"] = " ".join(map(str, terms))
    return Described(schema, action, properties, _context(entities, "client_session"))


def name_of(schema: str) -> str:
    """The name of a schema: `iglu:com.acme/purchase/jsonschema/1-0-0` is a `purchase`."""
    found = _SCHEMA.match(schema)
    return found[2] if found else ""


def _action(name: str, properties: dict[str, Any]) -> str | None:
    said = properties.get("type") if name == _ECOMMERCE_ACTION else None
    return said if isinstance(said, str) and said else None


def _entity(entity: object) -> object:
    """A context as `{name: data}` where it is one, else as it is."""
    if not isinstance(entity, dict) or not isinstance(entity.get("schema"), str):
        return entity
    return {name_of(entity["schema"]) or entity["schema"]: entity.get("data")}


def _of_transaction(entities: list[Any]) -> dict[str, Any]:
    """Order, value and currency of a transaction, which a context tells."""
    known = _context(entities, _TRANSACTION)
    return {name: known[name] for name in ("transaction_id", "revenue", "currency") if name in known}


def _context(entities: list[Any], name: str) -> dict[str, Any]:
    """The data of the context with a schema of this name."""
    for entity in entities:
        if isinstance(entity, dict) and name_of(str(entity.get("schema"))) == name:
            data = entity.get("data")
            return data if isinstance(data, dict) else {}
    return {}
