"""A deployed stack that can be asked for its outputs, and nothing else: moto's CloudFormation is not installed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.session import Session


@contextmanager
def described(outputs: Mapping[str, str]) -> Iterator[None]:
    """Whoever describes a stack inside, gets these outputs."""
    create = Session.create_client
    answer = {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()]}]}

    def answering(session: Session, *arguments: Any, **options: Any) -> Any:
        client: Any = create(session, *arguments, **options)
        # With an answer from this event, botocore sends nothing.
        reply = AWSResponse("https://cloudformation", 200, HTTPHeaders(), None), answer
        client.meta.events.register("before-call.cloudformation.DescribeStacks", lambda **_: reply)
        return client

    with patch.object(Session, "create_client", answering):
        yield
