"""What a role may do: statements of policies, taken apart into single grants, and whether they allow a request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from tests.infra.policy_conditions import Context, PolicyError, as_list, holds, pattern

_ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Condition", "Principal"}


@dataclass(frozen=True)
class Request:
    """One thing that a call of an API needs to be allowed.

    Attributes:
        action: As `s3:GetObject`.
        resource: ARN, or `*` where the service knows no resources.
        context: Condition keys of the request.
    """

    action: str
    resource: str
    context: Context = field(default_factory=dict)


class Name(NamedTuple):
    """A grant without its values: enough to talk about it."""

    sid: str
    action: str
    resource: str


@dataclass(frozen=True)
class Grant:
    """One action on one resource pattern, under the statement's conditions."""

    sid: str
    effect: str
    action: str
    resource: str
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def name(self) -> Name:
        """What the grant is called."""
        return Name(self.sid, self.action, self.resource)

    def applies(self, request: Request) -> bool:
        """Whether the grant speaks of the request."""
        return bool(
            pattern(self.action, ignores_case=True).fullmatch(request.action)
            and pattern(self.resource).fullmatch(request.resource)
            and holds(self.conditions, request.context, is_deny=self.effect == "Deny")
        )

    def narrowed(self) -> Iterator[tuple[str, "Grant"]]:
        """The grant with one value less in a condition that lists several, and which value it lacks."""
        for operator, keys in self.conditions.items():
            for key, wanted in keys.items():
                values = as_list(wanted)
                for value in values if len(values) > 1 else ():
                    rest = {**keys, key: [other for other in values if other != value]}
                    yield f"{key}={value}", replace(self, conditions={**self.conditions, operator: rest})


def grants(statements: Iterable[Mapping[str, Any]]) -> list[Grant]:
    """Take statements apart.

    Raises:
        PolicyError: A statement has an element that is not modelled, NotAction for one.
    """
    found: list[Grant] = []
    for statement in statements:
        if unknown := sorted(statement.keys() - _ELEMENTS):
            raise PolicyError(f"{', '.join(unknown)} in a statement: not modelled")
        if statement["Effect"] not in {"Allow", "Deny"}:
            raise PolicyError(f"effect {statement['Effect']}")
        common = (statement.get("Sid", ""), statement["Effect"])
        conditions = statement.get("Condition", {})
        for action in as_list(statement["Action"]):
            found += [Grant(*common, action, resource, conditions) for resource in as_list(statement["Resource"])]
    return found


def allowed_by(all_grants: Sequence[Grant], request: Request) -> list[Grant]:
    """The grants that allow the request; none if nothing does, or if one denies it."""
    speaking = [grant for grant in all_grants if grant.applies(request)]
    if any(grant.effect == "Deny" for grant in speaking):
        return []
    return speaking
