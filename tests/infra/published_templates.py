"""What a published template says once its parameters have values."""

import itertools
import json
import re
from collections.abc import Mapping
from typing import Any

Template = dict[str, Any]


def with_values(template: Template, values: Mapping[str, str]) -> Template:
    """Resolve the parameters as CloudFormation does: `Ref`, `Fn::Sub`, `Fn::FindInMap` and joins of texts."""
    resolved = _resolve(template["Resources"], values, template.get("Mappings", {}))
    assert isinstance(resolved, dict)
    return resolved


def _resolve(part: Any, values: Mapping[str, str], mappings: Mapping[str, Any]) -> Any:
    if isinstance(part, list):
        return [_resolve(item, values, mappings) for item in part]
    if not isinstance(part, dict):
        return part
    part = {key: _resolve(value, values, mappings) for key, value in part.items()}
    match part:
        case {"Ref": name} if name in values:
            return values[name]
        case {"Fn::Sub": str(text)}:
            text = re.sub(r"\$\{(\w+)\}", lambda found: values.get(found[1], found[0]), text)
            return {"Fn::Sub": text} if "${" in text else text
        case {"Fn::FindInMap": [table, str(row), str(column)]} if row in mappings.get(table, {}):
            return mappings[table][row][column]
        case {"Fn::Join": ["", list(parts)]}:
            return _joined(parts)
    return part


def _joined(parts: list[Any]) -> Any:
    """The parts with texts that stand side by side made one."""
    runs = [
        ["".join(run)] if is_text else list(run)
        for is_text, run in itertools.groupby(parts, key=lambda part: isinstance(part, str))
    ]
    joined = [part for run in runs for part in run]
    return joined[0] if len(joined) == 1 else {"Fn::Join": ["", joined]}


def comparable(resources: Template) -> str:
    """Text in which numbers and texts of numbers are the same, as CloudFormation takes them."""
    return json.dumps(_as_text(resources), sort_keys=True, indent=1)


def _as_text(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _as_text(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_as_text(item) for item in part]
    return str(part) if isinstance(part, int) and not isinstance(part, bool) else part
