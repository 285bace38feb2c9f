"""What a call of boto3 needs to be allowed: actions, ARNs and condition keys, by service and operation.

Sources: the Service Authorization Reference of each service; of S3 the page on actions that operations need; of KMS the
pages on how each service uses keys. An operation that is not listed is an error.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.infra.policy_conditions import PolicyError
from tests.infra.policy_statements import Request

Params = Mapping[str, Any]
ACCOUNT, REGION = "123456789012", "us-east-1"


def arn(service: str, name: str) -> str:
    """The ARN of something in the tests' account and region."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


@dataclass
class Account:
    """What must be known of the account to say what a call needs.

    Attributes:
        keys: ARN of the key by which a resource is encrypted, by the resource's ARN; without one no key is needed.
        workgroup: Where the newest query was started: a query's id does not say.
        stream: The ARN of the stream that is read: an iterator does not say.
        mappings: The function of each event source mapping, by the mapping's id.
        operations: What is known of calls, by service and operation; `OPERATIONS` by default.
    """

    keys: Mapping[str, str] = field(default_factory=dict)
    workgroup: str = ""
    stream: str = ""
    mappings: Mapping[str, str] = field(default_factory=dict)
    operations: "Mapping[tuple[str, str], Needs] | None" = None

    def requests(self, service: str, operation: str, params: Params) -> list[Request]:
        """Everything that the call needs.

        Raises:
            PolicyError: The operation is not modelled.
        """
        known = OPERATIONS if self.operations is None else self.operations
        if (found := known.get((service, operation))) is None:
            raise PolicyError(f"{service}:{operation} is not modelled: add it to policy_requests")
        needed = list(found(self, params))
        uses = KEY_USES.get((service, operation), ())
        return needed + [use for request in needed for use in self._key(service, request.resource, uses)]

    def _key(self, service: str, resource: str, uses: tuple[str, ...]) -> Iterator[Request]:
        owner = resource.partition("/")[0] if service == "s3" else resource.partition("/index/")[0]
        if key := self.keys.get(owner):
            context = {"kms:ViaService": [f"{service}.{REGION}.amazonaws.com"], "kms:CallerAccount": [ACCOUNT]}
            yield from (Request(f"kms:{use}", key, context) for use in uses)


Needs = Callable[[Account, Params], Iterator[Request]]
TLS = {"aws:SecureTransport": ["true"]}


def _object(action: str) -> Needs:
    def needs(_: Account, params: Params) -> Iterator[Request]:
        headers = {
            "s3:x-amz-server-side-encryption": "ServerSideEncryption",
            "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
        }
        context = {key: [params[name]] for key, name in headers.items() if name in params}
        yield Request(f"s3:{action}", f"arn:aws:s3:::{params['Bucket']}/{params['Key']}", context | TLS)

    return needs


def _bucket(action: str) -> Needs:
    def needs(_: Account, params: Params) -> Iterator[Request]:
        prefix = {"s3:prefix": [params["Prefix"]]} if "Prefix" in params else {}
        yield Request(f"s3:{action}", f"arn:aws:s3:::{params['Bucket']}", TLS | prefix)

    return needs


def _deleted(_: Account, params: Params) -> Iterator[Request]:
    for one in params["Delete"]["Objects"]:
        yield Request("s3:DeleteObject", f"arn:aws:s3:::{params['Bucket']}/{one['Key']}", TLS)


def _item(action: str, part: str) -> Needs:
    """A call on one item: `part` holds its keys."""

    def needs(_: Account, params: Params) -> Iterator[Request]:
        leading = {"dynamodb:LeadingKeys": [_text(params[part]["pk"])]}
        yield Request(f"dynamodb:{action}", arn("dynamodb", f"table/{params['TableName']}"), leading)

    return needs


def _query(_: Account, params: Params) -> Iterator[Request]:
    index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
    values = params["ExpressionAttributeValues"]
    leading = {"dynamodb:LeadingKeys": [_text(values.get(":pk") or values[":value"])]}
    yield Request("dynamodb:Query", arn("dynamodb", f"table/{params['TableName']}{index}"), leading)


def _scan(_: Account, params: Params) -> Iterator[Request]:
    # A scan names no keys, so a grant that is limited by `ForAllValues` on them would allow it.
    yield Request("dynamodb:Scan", arn("dynamodb", f"table/{params['TableName']}"))


def _batch_get(_: Account, params: Params) -> Iterator[Request]:
    for table, wanted in params["RequestItems"].items():
        leading = {"dynamodb:LeadingKeys": [_text(key["pk"]) for key in wanted["Keys"]]}
        yield Request("dynamodb:BatchGetItem", arn("dynamodb", f"table/{table}"), leading)


def _text(attribute: Any) -> str:
    return str(attribute["S"]) if isinstance(attribute, Mapping) else str(attribute)


def _stream(action: str) -> Needs:
    def needs(_: Account, params: Params) -> Iterator[Request]:
        if not (named := params.get("StreamARN") or params.get("StreamName")):
            raise PolicyError(f"{action} without the stream's name: its next page is not modelled")
        yield Request(f"kinesis:{action}", named if named.startswith("arn:") else arn("kinesis", f"stream/{named}"))

    return needs


def _catalog(action: str) -> Needs:
    """Glue wants the action on the catalog, on the database and on the table alike."""

    def needs(_: Account, params: Params) -> Iterator[Request]:
        is_database = action.endswith("Database")
        database = params["Name"] if is_database else params["DatabaseName"]
        names = ["catalog", f"database/{database}"]
        if not is_database:
            names.append(f"table/{database}/{params.get('TableName') or params.get('Name') or '*'}")
        yield from (Request(f"glue:{action}", arn("glue", name)) for name in names)

    return needs


def _workgroup(action: str) -> Needs:
    def needs(account: Account, params: Params) -> Iterator[Request]:
        account.workgroup = params.get("WorkGroup") or account.workgroup
        if not account.workgroup:
            raise PolicyError(f"athena:{action} without a workgroup, and no query was started before")
        yield Request(f"athena:{action}", arn("athena", f"workgroup/{account.workgroup}"))

    return needs


def _metrics(_: Account, params: Params) -> Iterator[Request]:
    yield Request("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": [params["Namespace"]]})


def _publish(_: Account, params: Params) -> Iterator[Request]:
    yield Request("sns:Publish", params["TopicArn"], TLS)


def _secret(_: Account, params: Params) -> Iterator[Request]:
    yield Request("secretsmanager:GetSecretValue", params["SecretId"])


def _job(_: Account, params: Params) -> Iterator[Request]:
    yield Request("glue:StartJobRun", arn("glue", f"job/{params['JobName']}"))


def _import(action: str) -> Needs:
    def needs(_: Account, params: Params) -> Iterator[Request]:
        name = f"dataset/{params['DataSetId']}/ingestion/{params['IngestionId']}"
        yield Request(f"quicksight:{action}", arn("quicksight", name))

    return needs


_PARTITIONS = ("GetPartition", "GetPartitions", "CreatePartition", "BatchUpdatePartition", "BatchGetPartition")
_QUERIES = ("StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution", "GetWorkGroup")
OPERATIONS: dict[tuple[str, str], Needs] = {
    **{("s3", name): _object(name) for name in ("PutObject", "GetObject", "DeleteObject", "AbortMultipartUpload")},
    ("s3", "HeadObject"): _object("GetObject"),
    **{("s3", f"{name}Upload"): _object("PutObject") for name in ("CreateMultipart", "CompleteMultipart")},
    ("s3", "UploadPart"): _object("PutObject"),
    ("s3", "ListParts"): _object("ListMultipartUploadParts"),
    ("s3", "DeleteObjects"): _deleted,
    **{("s3", name): _bucket("ListBucket") for name in ("ListObjects", "ListObjectsV2", "HeadBucket")},
    ("s3", "GetBucketLocation"): _bucket("GetBucketLocation"),
    ("dynamodb", "PutItem"): _item("PutItem", "Item"),
    **{("dynamodb", name): _item(name, "Key") for name in ("GetItem", "DeleteItem", "UpdateItem")},
    ("dynamodb", "Query"): _query,
    ("dynamodb", "Scan"): _scan,
    ("dynamodb", "BatchGetItem"): _batch_get,
    **{("kinesis", name): _stream(name) for name in ("DescribeStreamSummary", "ListShards", "PutRecords")},
    **{("glue", name): _catalog(name) for name in ("GetDatabase", "GetTable", "GetTables", *_PARTITIONS)},
    **{("athena", name): _workgroup(name) for name in _QUERIES},
    ("glue", "StartJobRun"): _job,
    **{("quicksight", name): _import(name) for name in ("CreateIngestion", "DescribeIngestion")},
    ("cloudwatch", "PutMetricData"): _metrics,
    ("sns", "Publish"): _publish,
    ("secretsmanager", "GetSecretValue"): _secret,
    ("s3", "GetBucketEncryption"): _bucket("GetEncryptionConfiguration"),
}
KEY_USES: dict[tuple[str, str], tuple[str, ...]] = {
    ("s3", "GetObject"): ("Decrypt",),
    ("s3", "HeadObject"): ("Decrypt",),
    ("s3", "PutObject"): ("GenerateDataKey",),
    **{("s3", name): ("GenerateDataKey", "Decrypt") for name in ("CreateMultipartUpload", "UploadPart")},
    ("s3", "CompleteMultipartUpload"): ("Decrypt",),
    **{
        ("dynamodb", name): ("Decrypt",)
        for name in ("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")
    },
    ("kinesis", "PutRecords"): ("GenerateDataKey",),
    ("kinesis", "GetRecords"): ("Decrypt",),
    ("sns", "Publish"): ("GenerateDataKey", "Decrypt"),
    ("secretsmanager", "GetSecretValue"): ("Decrypt",),
}
