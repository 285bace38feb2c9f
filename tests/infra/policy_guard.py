"""Lets code act as a role: every call of boto3 is checked against the role's policy before it is made."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ClientError
from botocore.session import Session

from tests.infra.policy_requests import Account
from tests.infra.policy_statements import Grant, Name, Request, allowed_by


class Guard:
    """The policy of one role, and what was asked of it.

    Attributes:
        made: Every distinct request, in order.
        denied: Those that no grant allows.
        calls: Service and operation of every call.
    """

    def __init__(self, grants: Sequence[Grant], account: Account) -> None:
        self.grants = list(grants)
        self.made: list[Request] = []
        self.denied: list[Request] = []
        self.calls: set[tuple[str, str]] = set()
        self._account = account

    def __call__(self, params: dict[str, Any], model: Any, **_: object) -> None:
        """Check a call, as botocore's event `provide-client-params` hands it over.

        Raises:
            ClientError: The policy does not allow it.
        """
        called = (model.service_model.service_name, model.name)
        self.calls.add(called)
        for request in self._account.requests(*called, params):
            if request not in self.made:
                self.made.append(request)
            if not allowed_by(self.grants, request):
                self.denied.append(request)
                raise _refusal(request, model.name)

    def unused(self) -> set[Name]:
        """What the policy allows and nobody asked for."""
        used = {grant.name for request in self.made for grant in allowed_by(self.grants, request)}
        return {grant.name for grant in self.grants if grant.effect == "Allow"} - used


@contextmanager
def acting_as(guard: Guard) -> Iterator[None]:
    """Every client that is made inside, whoever makes it, acts under the guard."""
    create = Session.create_client

    def guarded(session: Session, *arguments: Any, **options: Any) -> Any:
        client = create(session, *arguments, **options)
        client.meta.events.register("provide-client-params", guard)
        return client

    with patch.object(Session, "create_client", guarded):
        yield


def _refusal(request: Request, operation: str) -> ClientError:
    message = f"not authorized to perform: {request.action} on resource: {request.resource}"
    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": message}}, operation)
