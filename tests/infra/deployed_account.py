"""What the stack deploys, on AWS in memory: the same names, the functions' variables and the job's arguments."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws

from local_aws.athena import AthenaServer
from tests.infra.policy_guard import Guard
from tests.infra.policy_requests import REGION, Account
from tests.infra.policy_template import Resolved, Template

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}


class Deployed:
    """The resources of a template, empty.

    Attributes:
        stack: The template with its names.
        s3: A client of nobody in particular.
    """

    def __init__(self, template: Template) -> None:
        self.stack = Resolved(template)
        self.s3 = boto3.client("s3")
        self._secret()
        self._stores()
        self._catalog()

    def guard(self, construct: str) -> Guard:
        """Who acts as the role of a construct."""
        return Guard(self.stack.role(construct), self.known())

    def known(self) -> Account:
        """What evaluating a call needs to know."""
        return Account(self.stack.keys())

    def environment(self, handler: str) -> dict[str, str]:
        """The variables of the function with this handler."""
        functions = self.stack.of_type("Lambda::Function").values()
        (found,) = [one for one in functions if one["Handler"] == handler]
        variables: dict[str, str] = found["Environment"]["Variables"]
        return {**variables, "AWS_LAMBDA_FUNCTION_NAME": found["FunctionName"]}

    def arguments(self) -> dict[str, str]:
        """The arguments of the batch job."""
        (job,) = self.stack.of_type("Glue::Job").values()
        found: dict[str, str] = job["DefaultArguments"]
        return found

    def _secret(self) -> None:
        secret = boto3.client("secretsmanager").create_secret(
            Name="key", SecretString='{"key_id": "k1", "key": "not known to anyone"}'
        )
        (name,) = self.stack.of_type("SecretsManager::Secret")
        self.stack.given[name] = secret["ARN"]

    def _stores(self) -> None:
        for name in self.stack.of_type("S3::Bucket"):
            self.s3.create_bucket(Bucket=self.stack.name(name))
        wanted = ("TableName", "KeySchema", "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes")
        for table in self.stack.of_type("DynamoDB::Table").values():
            boto3.client("dynamodb").create_table(**{key: table[key] for key in wanted if key in table})
        for stream in self.stack.of_type("Kinesis::Stream").values():
            boto3.client("kinesis").create_stream(StreamName=stream["Name"], ShardCount=1)
        for topic in self.stack.of_type("SNS::Topic").values():
            boto3.client("sns").create_topic(Name=topic["TopicName"])

    def _catalog(self) -> None:
        glue: Any = boto3.client("glue")
        for database in self.stack.of_type("Glue::Database").values():
            glue.create_database(DatabaseInput=_capital(database["DatabaseInput"]))
        for table in self.stack.of_type("Glue::Table").values():
            glue.create_table(DatabaseName=table["DatabaseName"], TableInput=table["TableInput"])
        for group in self.stack.of_type("Athena::WorkGroup").values():
            configuration = group["WorkGroupConfiguration"]
            boto3.client("athena").create_work_group(Name=group["Name"], Configuration=configuration)


@contextmanager
def account(template: Template, cache: Path) -> Iterator[Deployed]:
    """The template's resources in an account in memory, with an Athena that has credentials of its own."""
    with patch.dict(os.environ, CREDENTIALS), mock_aws():
        os.environ.pop("AWS_ENDPOINT_URL", None)
        deployed = Deployed(template)
        server = AthenaServer(boto3.Session(), "", cache)
        server.start()
        try:
            with patch.dict(os.environ, {"AWS_ENDPOINT_URL_ATHENA": server.url}):
                yield deployed
        finally:
            server.stop()


def _capital(given: dict[str, Any]) -> dict[str, Any]:
    return {key[0].upper() + key[1:]: value for key, value in given.items()}
