"""Resources of one run, made in the account of whoever runs it, and removed at the end, also after Ctrl-C.

Everything has a name with the id of the run; nothing else is written to or deleted.
"""

import io
import json
import sys
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tests.conformance.transcripts import Place

_TRUST_LAMBDA = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
_BIG_BYTES = 11_000_000
"""A little more than the smallest limit that a workgroup may have, 10 MB."""
_SETTLES_S = 15.0
"""Until services know a new role."""


class Scratch:
    """A bucket, a database with two tables, a workgroup, and what single scenarios add.

    Attributes:
        place: `local` where the environment names an endpoint.
        name: Of everything.
        account: Number of the account.
    """

    def __init__(self, session: boto3.Session, place: Place) -> None:
        self.place = place
        self.name = f"conformance-{uuid.uuid4().hex[:8]}"
        self._session = session
        self._cleanup = ExitStack()
        self.account = str(self.client("sts").get_caller_identity()["Account"])

    def client(self, service: str) -> Any:
        """A client of a service."""
        return self._session.client(service)  # type: ignore[call-overload]  # the name is not a literal

    def client_with(self, service: str, credentials: dict[str, str]) -> Any:
        """A client of somebody else."""
        return self._session.client(service, **credentials)  # type: ignore[call-overload]  # as above

    @property
    def region(self) -> str:
        """Where it is."""
        return str(self._session.region_name)

    @property
    def database(self) -> str:
        """Name of the database."""
        return self.name.replace("-", "_")

    @contextmanager
    def made(self) -> Iterator["Scratch"]:
        """Make what all scenarios share; remove everything afterwards, and name what could not be removed."""
        with self._cleanup:
            self._bucket()
            self._tables()
            yield self

    def remove_later(self, remove: Callable[..., object], **arguments: Any) -> None:
        """Call that at the end. A failure is told and does not keep the rest from being removed."""

        def attempt() -> None:
            try:
                remove(**arguments)
            except (ClientError, BotoCoreError) as error:
                print(f"left behind: {arguments}: {error}", file=sys.stderr)

        self._cleanup.callback(attempt)

    def role(self, suffix: str, principal: dict[str, Any], *statements: dict[str, Any]) -> str:
        """Make a role with these statements; its ARN, when services know it."""
        iam, name = self.client("iam"), f"{self.name}-{suffix}"
        trust = json.dumps({"Version": "2012-10-17", "Statement": [principal]})
        arn = str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])
        self.remove_later(iam.delete_role, RoleName=name)
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=document)
            self.remove_later(iam.delete_role_policy, RoleName=name, PolicyName="all")
        if self.place == "aws":
            time.sleep(_SETTLES_S)
        return arn

    def function_role(self) -> str:
        """The role of the probe: it reads streams of the run, writes into its bucket, and logs."""
        bucket = f"arn:aws:s3:::{self.name}"
        stream = f"arn:aws:kinesis:{self.region}:{self.account}:stream/{self.name}-*"
        reads = ["kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStream", "kinesis:ListShards"]
        return self.role(
            "function",
            _TRUST_LAMBDA,
            {"Effect": "Allow", "Action": ["s3:PutObject", "s3:ListBucket"], "Resource": [bucket, f"{bucket}/*"]},
            {"Effect": "Allow", "Action": [*reads, "kinesis:DescribeStreamSummary"], "Resource": stream},
        )

    def function(self, scenario: str, role: str) -> str:
        """Make a function of the probe for a scenario, and its stream; the name of both."""
        name, functions, kinesis = f"{self.name}-{scenario}", self.client("lambda"), self.client("kinesis")
        kinesis.create_stream(StreamName=name, ShardCount=1)
        self.remove_later(kinesis.delete_stream, StreamName=name)
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="probe.handler",
            Code={"ZipFile": _zip(Path(__file__).with_name("probe.py"))},
            Timeout=30,
            Environment={"Variables": {"BUCKET": self.name, "SCENARIO": scenario}},
        )
        self.remove_later(functions.delete_function, FunctionName=name)
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
        kinesis.get_waiter("stream_exists").wait(StreamName=name)
        return name

    def _bucket(self) -> None:
        s3 = self.client("s3")
        where: Any = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
        s3.create_bucket(Bucket=self.name, **({"CreateBucketConfiguration": where} if where else {}))
        self.remove_later(s3.delete_bucket, Bucket=self.name)
        self.remove_later(self._empty)
        s3.put_object(Bucket=self.name, Key="words/one.csv", Body=b"1,one\n2,two\n3,three\n")
        s3.put_object(Bucket=self.name, Key="big/one.csv", Body=b"1,one\n" * (_BIG_BYTES // 6))

    def _empty(self) -> None:
        s3 = self.client("s3")
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=self.name):
            for entry in page.get("Contents", ()):
                s3.delete_object(Bucket=self.name, Key=entry["Key"])

    def _tables(self) -> None:
        glue, athena = self.client("glue"), self.client("athena")
        glue.create_database(DatabaseInput={"Name": self.database})
        self.remove_later(glue.delete_database, Name=self.database)
        for table in ("words", "big"):
            self._table(glue, table)
        output = {"ResultConfiguration": {"OutputLocation": f"s3://{self.name}/results/"}}
        limit = {"BytesScannedCutoffPerQuery": 10_000_000, "EnforceWorkGroupConfiguration": True}
        athena.create_work_group(Name=self.name, Configuration=output | limit)
        self.remove_later(athena.delete_work_group, WorkGroup=self.name, RecursiveDeleteOption=True)

    def _table(self, glue: Any, name: str) -> None:
        columns = [{"Name": "n", "Type": "int"}, {"Name": "word", "Type": "string"}]
        formats = (
            "org.apache.hadoop.mapred.TextInputFormat",
            "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        )
        serde = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
        storage = {
            "Columns": columns,
            "Location": f"s3://{self.name}/{name}/",
            "InputFormat": formats[0],
            "OutputFormat": formats[1],
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": {"field.delim": ","}},
        }
        glue.create_table(
            DatabaseName=self.database,
            TableInput={"Name": name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage},
        )


def _zip(path: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        # Readable by the service, whatever the file's own rights are.
        entry = zipfile.ZipInfo(path.name)
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()
