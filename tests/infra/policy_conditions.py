"""Conditions of IAM statements. What is not modelled here is an error, so that nothing is allowed by oversight."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Context = Mapping[str, Sequence[str]]
"""What a request says of itself: condition keys and their values; a key that it does not have is absent."""
KNOWN_KEYS = {
    "aws:SecureTransport",
    "aws:SourceAccount",
    "cloudwatch:namespace",
    "dynamodb:LeadingKeys",
    "iam:PassedToService",
    "kms:CallerAccount",
    "kms:ViaService",
    "lambda:FunctionArn",
    "s3:prefix",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
}
"""Keys of which `policy_requests` says truly whether a request has them."""
_EQUALS = {"StringEquals", "StringNotEquals", "Bool"}
_LIKE = {"StringLike", "StringNotLike", "ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"}
_NULL = "Null"


class PolicyError(Exception):
    """The policy holds something that this evaluator does not know; extend it, never pass over it."""


def pattern(text: str, *, ignores_case: bool = False) -> re.Pattern[str]:
    """A pattern of IAM: `*` for any letters, `?` for one. Raises `PolicyError` for policy variables."""
    if "${" in text:
        raise PolicyError(f"policy variables are not modelled: {text}")
    letters = {"*": ".*", "?": "."}
    parts = (letters.get(letter, re.escape(letter)) for letter in text)
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignores_case else 0))


def holds(conditions: Mapping[str, Mapping[str, Any]], context: Context, *, is_deny: bool = False) -> bool:
    """Whether every condition of a statement holds for the request.

    Args:
        conditions: As in the statement: operator, key, wanted values.
        context: The request's keys.
        is_deny: A denial that asks for a key which the request lacks holds: when in doubt it denies.

    Raises:
        PolicyError: An operator or key is not modelled.
    """
    return all(
        _holds(operator, key, [str(value) for value in as_list(wanted)], context, is_deny=is_deny)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def as_list(value: Any) -> list[Any]:
    """A list, whether one value was given or several."""
    return value if isinstance(value, list) else [value]


def _holds(operator: str, key: str, wanted: Sequence[str], context: Context, *, is_deny: bool) -> bool:
    if key not in KNOWN_KEYS:
        raise PolicyError(f"condition key {key} is not modelled")
    quantifier, _, base = operator.rpartition(":")
    base, has_if_exists = base.removesuffix("IfExists"), base.endswith("IfExists")
    if base not in {*_EQUALS, *_LIKE, _NULL} or quantifier not in {"", "ForAllValues", "ForAnyValue"}:
        raise PolicyError(f"condition operator {operator} is not modelled")
    if base == _NULL:
        return wanted == ["true" if key not in context else "false"]
    if key not in context:
        return has_if_exists or quantifier == "ForAllValues" or (not quantifier and "Not" in base) or is_deny
    found = [_matches(base, value, wanted) for value in context[key]]
    if not quantifier and len(found) != 1:
        raise PolicyError(f"{operator} on {key}, which has {len(found)} values: say ForAllValues or ForAnyValue")
    return any(found) if quantifier == "ForAnyValue" else all(found)


def _matches(base: str, value: str, wanted: Sequence[str]) -> bool:
    found = any(pattern(want).fullmatch(value) for want in wanted) if base in _LIKE else value in wanted
    return found != ("Not" in base)
