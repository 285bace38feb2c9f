"""What is asked of an account: batches that fail, statements of Athena, requests under policies."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

Deed = Literal["done", "raise", "report", "name_unknown", "report_nothing"]
"""What the function does about a record: raise, or name it in its report, or name one that is not there."""


class Batch(NamedTuple):
    """Records that arrive together, and the mapping that delivers them.

    Attributes:
        name: Of the transcript.
        deeds: What the function does about each record.
        settings: Of the mapping.
        documented: Records of each invocation, where the documentation of Lambda leaves no choice.
        given_up: First and last record of what goes to the failure bucket, likewise.
    """

    name: str
    deeds: Sequence[Deed]
    settings: Mapping[str, Any]
    documented: Sequence[Sequence[int]] | None = None
    given_up: Sequence[tuple[int, int]] | None = None


_REPORTS = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
_SPLITS = {"BisectBatchOnFunctionError": True}
_ALL_THREE = [[0, 1, 2]] * 3
BATCHES = (
    Batch("retries", ["done", "raise", "done"], {"MaximumRetryAttempts": 2}, _ALL_THREE, [(0, 2)]),
    Batch("bisect", ["done", "done", "raise", "done"], {"MaximumRetryAttempts": 2, **_SPLITS}, given_up=[(2, 2)]),
    Batch("bisect_without_retries", ["done", "raise", "done"], {"MaximumRetryAttempts": 0, **_SPLITS}),
    Batch("report", ["done", "done", "report", "done"], {"MaximumRetryAttempts": 1, **_REPORTS}),
    Batch("report_of_two", ["done", "report", "done", "report"], {"MaximumRetryAttempts": 1, **_REPORTS}),
    Batch("report_and_bisect", ["done", "done", "report", "done"], {"MaximumRetryAttempts": 1, **_REPORTS, **_SPLITS}),
    Batch(
        "unknown_report", ["name_unknown", "done"], {"MaximumRetryAttempts": 1, **_REPORTS}, [[0, 1], [0, 1]], [(0, 1)]
    ),
    Batch("empty_report", ["report_nothing", "done"], {"MaximumRetryAttempts": 1, **_REPORTS}, [[0, 1]], []),
    Batch("report_switched_off", ["report", "done"], {"MaximumRetryAttempts": 1}, [[0, 1]], []),
)

STATEMENTS = {
    "select": "SELECT n, word FROM words ORDER BY n",
    "odd_values": """SELECT 1 AS a, 'x,"y"' AS b, CAST(NULL AS varchar) AS c, DATE '2026-11-21' AS d, 1.5E0 AS e""",
    "no_rows": "SELECT n FROM words WHERE n > 1000",
    "not_sql": "SELEC 1",
    "half_a_statement": "SELECT n FROM",
    "no_column": "SELECT nope FROM words",
    "no_table": "SELECT n FROM nope",
    "no_function": "SELECT nope(n) FROM words",
    "division": "SELECT n / 0 FROM words",
    "bad_cast": "SELECT CAST(word AS integer) FROM words",
    "bad_types": "SELECT n = word FROM words",
    "not_grouped": "SELECT word, count(*) FROM words",
    "show": "SHOW TABLES",
    "describe": "DESCRIBE words",
    "unload": "UNLOAD (SELECT n FROM words) TO 's3://{bucket}/unloaded/' WITH (format = 'PARQUET')",
    "unload_again": "UNLOAD (SELECT n FROM words) TO 's3://{bucket}/unloaded/' WITH (format = 'PARQUET')",
    "create_as": "CREATE TABLE made WITH (external_location = 's3://{bucket}/made/') AS SELECT n FROM words",
    "insert": "INSERT INTO made SELECT n FROM words",
    "too_much": "SELECT count(*) FROM big",
}
"""By the name of the transcript, in this order; `{bucket}` is the bucket of the run. `big` is beyond the limit of its
workgroup on scanned bytes."""


class Question(NamedTuple):
    """Whether statements of a policy allow an action."""

    name: str
    statements: Sequence[Mapping[str, Any]]
    action: str
    resource: str
    context: Mapping[str, Sequence[str]] = {}


def _says(effect: str, action: str, resource: str, **condition: Mapping[str, Any]) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource} | ({"Condition": condition} if condition else {})


_TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/t"
_KEYS = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["hour#*", "erasure"]}}
_PUT, _GET = "dynamodb:PutItem", "s3:GetObject"
_PLAIN = _says("Deny", "s3:*", "*", Bool={"aws:SecureTransport": "false"})
_READ = _says("Allow", _GET, "arn:aws:s3:::b/*")
QUESTIONS = (
    Question("below_a_folder", [_says("Allow", _GET, "arn:aws:s3:::b/landing/*")], _GET, "arn:aws:s3:::b/landing/a/b"),
    Question("beside_it", [_says("Allow", _GET, "arn:aws:s3:::b/landing/*")], _GET, "arn:aws:s3:::b/landings"),
    Question("one_letter", [_says("Allow", _GET, "arn:aws:s3:::b/?")], _GET, "arn:aws:s3:::b/xy"),
    Question("case_of_an_action", [_says("Allow", "S3:getobject", "*")], _GET, "arn:aws:s3:::b/x"),
    Question("case_of_a_key", [_says("Allow", _GET, "arn:aws:s3:::b/X")], _GET, "arn:aws:s3:::b/x"),
    Question("another_action", [_says("Allow", "s3:Get*", "*")], "s3:PutObject", "arn:aws:s3:::b/x"),
    Question("denial_wins", [_READ, _says("Deny", "s3:*", "arn:aws:s3:::b/x")], _GET, "arn:aws:s3:::b/x"),
    Question("secure", [_READ, _PLAIN], _GET, "arn:aws:s3:::b/x", {"aws:SecureTransport": ["true"]}),
    Question("not_secure", [_READ, _PLAIN], _GET, "arn:aws:s3:::b/x", {"aws:SecureTransport": ["false"]}),
    Question(
        "own_keys",
        [_says("Allow", _PUT, _TABLE, **_KEYS)],
        _PUT,
        _TABLE,
        {"dynamodb:LeadingKeys": ["hour#1", "erasure"]},
    ),
    Question(
        "one_foreign_key",
        [_says("Allow", _PUT, _TABLE, **_KEYS)],
        _PUT,
        _TABLE,
        {"dynamodb:LeadingKeys": ["hour#1", "x"]},
    ),
    Question("no_key", [_says("Allow", _PUT, _TABLE, **_KEYS)], _PUT, _TABLE),
    Question(
        "a_namespace",
        [_says("Allow", "cloudwatch:PutMetricData", "*", StringEquals={"cloudwatch:namespace": "A"})],
        "cloudwatch:PutMetricData",
        "*",
        {"cloudwatch:namespace": ["A"]},
    ),
    Question(
        "no_namespace",
        [_says("Allow", "cloudwatch:PutMetricData", "*", StringEquals={"cloudwatch:namespace": "A"})],
        "cloudwatch:PutMetricData",
        "*",
    ),
    Question(
        "not_equal_to_nothing",
        [_says("Allow", "cloudwatch:PutMetricData", "*", StringNotEquals={"cloudwatch:namespace": "A"})],
        "cloudwatch:PutMetricData",
        "*",
    ),
)
