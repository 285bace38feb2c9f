"""Which grants of a role were needed by the calls that were made under it, and which were not."""

from collections.abc import Iterator, Mapping

from tests.infra.policy_guard import Guard
from tests.infra.policy_statements import Grant, Name, Request, allowed_by


def left_over(guard: Guard, listed: Mapping[tuple[str, ...], str]) -> set[tuple[str, ...]]:
    """What no call used: the entries of the list that speak of it, and in full what none speaks of."""
    return {_entry(listed, name) for name in guard.unused()}


def needless(guard: Guard) -> set[Name]:
    """Grants that were used, without which all the same every call would have been allowed."""
    used = {grant.name for request in guard.made for grant in allowed_by(guard.grants, request)}
    return {name for name in used if not _denied([g for g in guard.grants if g.name != name], guard.made)}


def idle_values(guard: Guard) -> set[tuple[str, str]]:
    """Values of conditions, with their actions, without which every call would have been allowed."""
    return {
        (grant.action, value)
        for grant, value, narrowed in _narrowed(guard.grants)
        if not _denied([narrowed if one is grant else one for one in guard.grants], guard.made)
    }


def _entry(listed: Mapping[tuple[str, ...], str], name: Name) -> tuple[str, ...]:
    """The entry that speaks of the grant; the grant itself if none does."""
    entries = [one for one in listed if one[:2] == name[:2] and (len(one) == 2 or name.resource.endswith(one[2]))]
    return entries[0] if entries else tuple(name)


def _denied(grants: list[Grant], made: list[Request]) -> bool:
    return any(not allowed_by(grants, request) for request in made)


def _narrowed(grants: list[Grant]) -> Iterator[tuple[Grant, str, Grant]]:
    for grant in grants:
        if grant.effect == "Allow":
            yield from ((grant, value, narrowed) for value, narrowed in grant.narrowed())
