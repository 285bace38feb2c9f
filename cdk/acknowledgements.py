"""What cdk-nag and checkov find in the stack and we keep, each with its reason. Owner of all: who owns the stack.

A finding that is not listed fails `make lint`, of checkov `make test`; so does an entry that finds nothing any more.
"""

from collections.abc import Iterator

from batch_jobs.steps import STEPS
from cdk.quicksight_access import RESULTS
from cdk.quicksight_datasets import DATASETS
from clickstream.tables import (
    BAD_EVENTS,
    DELTAS_PREFIX,
    IDENTITIES_PREFIX,
    LANDING_PREFIX,
    MASKED_START,
    PURGES_PREFIX,
    QUARANTINE_PREFIX,
    RAW_EVENTS,
    REPORTS_PREFIX,
    RESULTS_PREFIX,
    SESSION_SCORES,
    SESSIONS,
)

AWS, SERVERLESS, NIST = "AwsSolutions::AwsSolutions", "Serverless::Serverless", "NIST.800.53.R5::NIST.800.53.R5"
_RUNTIME = "The layer's compiled packages are built and tested for this runtime; a newer one comes with their rebuild."
_DEAD_LETTERS = (
    "A function's own dead letters are for asynchronous calls. Batches of the stream go to the failure bucket, and a "
    "missed minute of traffic is caught up by the next."
)
_ROTATION = (
    "A rotation gives every person a second pseudonym, so somebody decides when: put a new key with a new key_id. "
    "Erasure reads all versions."
)
_TRACING = "Every batch writes one structured line with its counts and times; a trace would name the same calls again."
FINDINGS = {
    f"{AWS}-L1": _RUNTIME,
    f"{SERVERLESS}-LambdaLatestVersion": _RUNTIME,
    f"{SERVERLESS}-LambdaDLQ": _DEAD_LETTERS,
    f"{NIST}-LambdaDLQ": _DEAD_LETTERS,
    f"{SERVERLESS}-LambdaTracing": _TRACING,
    f"{SERVERLESS}-StepFunctionStateMachineXray": _TRACING,
    f"{AWS}-SF2": _TRACING,
    f"{AWS}-SF1": "The workflow has one task, whose run logs to CloudWatch; executions keep their history for 90 days.",
    f"{AWS}-SMG4": _ROTATION,
    f"{NIST}-SecretsManagerRotationEnabled": _ROTATION,
    f"{AWS}-GL1": "The job's log groups are made by this stack and encrypted there, by its key where it has one.",
    f"{AWS}-GL3": "The job keeps no bookmarks: its progress is in commits.",
    f"{NIST}-IAMNoInlinePolicy": "A policy of one role, which leaves with it, and which nobody else can be given.",
    f"{NIST}-LambdaConcurrency": "One call at a time for each shard, and one a minute: the mapping is the limit.",
    f"{NIST}-DynamoDBInBackupPlan": "Point-in-time recovery covers 35 days: docs/decisions/0018-restored-tables.md.",
    f"{NIST}-S3BucketReplicationEnabled": "One region: whoever needs two replicates the bucket by the account's rules.",
    f"{NIST}-S3DefaultEncryptionKMS": "S3 delivers access logs only where its own keys encrypt; they hold no event.",
    f"{NIST}-S3BucketVersioningEnabled": (
        "Objects are written once under names of their own, and what is erased must be gone, not be an old version."
    ),
}
_OUTSIDE = "The functions call services of AWS by TLS; `-c vpc=on` puts them into a network without internet."
BY_VPC = {
    "off": {f"{NIST}-LambdaInsideVPC": _OUTSIDE},
    "on": {
        f"{NIST}-VPCDefaultSecurityGroupClosed": (
            "CloudFormation cannot change the default group. Nothing is in it: every interface names its own group."
        ),
    },
}
"""By whether the functions are in a network of their own."""
WITH_MAIL = {
    f"{SERVERLESS}-SNSRedrivePolicy": (
        "A mail that cannot be delivered loses nothing: alarms keep their state, and anomalies are rows of a table."
    ),
}
WITH_CUSTOMER_KEY = {
    f"{AWS}-KDS3": "With a key of its own, the account decides who reads the stream; the price is one key.",
}
_NO_CREDENTIALS = "Browsers send without credentials, which a page could not keep: docs/collector.md has the limits."
_NO_ACCOUNT_ROLE = (
    "Logs of a REST API need a role that is set once for all APIs of an account and region, and is not ours to set. "
    "The function writes one line a request."
)
_OWN_CHECKS = "The function reads every body itself and sets aside what is no event: it is what judges requests."
BY_DOOR = {
    "http-api": {f"{AWS}-APIG4": _NO_CREDENTIALS},
    "rest-api": {
        f"{AWS}-APIG4": _NO_CREDENTIALS,
        f"{AWS}-COG4": _NO_CREDENTIALS,
        f"{AWS}-APIG1": _NO_ACCOUNT_ROLE,
        f"{AWS}-APIG6": _NO_ACCOUNT_ROLE,
        f"{SERVERLESS}-APIGWAccessLogging": _NO_ACCOUNT_ROLE,
        f"{NIST}-APIGWExecutionLoggingEnabled": _NO_ACCOUNT_ROLE,
        f"{AWS}-APIG2": _OWN_CHECKS,
        f"{SERVERLESS}-APIGWXrayEnabled": _TRACING,
        f"{NIST}-APIGWCacheEnabledAndEncrypted": "Every request brings new events; there is nothing to cache.",
        f"{NIST}-APIGWSSLEnabled": "A certificate proves the API to a server of one's own; behind it is a function.",
        f"{NIST}-WAFv2LoggingEnabled": "Its log would hold addresses and query strings, which are about people.",
    },
    "function-url": {
        f"{NIST}-LambdaFunctionPublicAccessProhibited": f"Whoever chooses this door wants that. {_NO_CREDENTIALS}",
    },
    "off": {},
}
"""By what stands in front of the collector."""
_KEYS_OF_AWS = "A dev stack is encrypted by keys of AWS, see docs/decisions/0032-a-key-of-the-account.md."
WITHOUT_CUSTOMER_KEY = {
    f"{NIST}-CloudWatchLogGroupEncrypted": _KEYS_OF_AWS,
    f"{NIST}-SNSEncryptedKMS": _KEYS_OF_AWS,
    f"{NIST}-SecretsManagerUsingKMSKey": _KEYS_OF_AWS,
}
_VERSIONS = FINDINGS[f"{NIST}-S3BucketVersioningEnabled"]
CHECKOV = {
    ("CKV_AWS_18", "AccessLogs"): "This bucket holds the access logs; its own would never end.",
    ("CKV_AWS_21", ""): _VERSIONS,
    ("CKV_AWS_115", ""): FINDINGS[f"{NIST}-LambdaConcurrency"],
    ("CKV_AWS_116", ""): _DEAD_LETTERS,
    ("CKV_AWS_117", ""): _OUTSIDE,
    ("CKV_AWS_173", ""): "Variables are names and sizes, and write keys that every page shows. Lambda encrypts them.",
    ("CKV_AWS_195", "BatchJob"): f"{FINDINGS[f'{AWS}-GL1']} {FINDINGS[f'{AWS}-GL3']}",
}
"""By check, and start of the logical ids that it may name."""
CHECKOV_IN_NETWORK = {
    ("CKV_AWS_111", f"{role}RoleDefaultPolicy"): "Lambda creates its interfaces so; the code is denied it, by its ARN."
    for role in ("Collector", "RealtimeProcessEvents", "RealtimeDetectAnomalies", "Traffic")
}
CHECKOV_AT_REST_API = {
    ("CKV_AWS_59", "CollectorRestApi"): _NO_CREDENTIALS,
    ("CKV_AWS_73", "CollectorRestApi"): _TRACING,
    ("CKV_AWS_76", "CollectorRestApi"): _NO_ACCOUNT_ROLE,
    ("CKV_AWS_120", "CollectorRestApi"): BY_DOOR["rest-api"][f"{NIST}-APIGWCacheEnabledAndEncrypted"],
    ("CKV_AWS_192", "CollectorFirewall"): "The rules against Log4j are for Java; behind the firewall is Python alone.",
}
CHECKOV_WITHOUT_CUSTOMER_KEY = {
    (check, ""): _KEYS_OF_AWS for check in ("CKV_AWS_26", "CKV_AWS_119", "CKV_AWS_149", "CKV_AWS_158")
}
_FOLDERS = (
    *(LANDING_PREFIX, BAD_EVENTS.name, DELTAS_PREFIX, RAW_EVENTS.name, SESSIONS.name, QUARANTINE_PREFIX),
    *(SESSION_SCORES.name, REPORTS_PREFIX, RESULTS_PREFIX, IDENTITIES_PREFIX, PURGES_PREFIX),
)
_WILDCARDS = "Names of objects are made as data comes; the folder is the limit. tests/infra/test_least_privilege.py."


def wildcards(bucket: str, failures: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Findings of the rule on wildcards, and their reasons.

    Args:
        bucket: Logical id of the lake's bucket.
        failures: Logical id of the failure bucket.
        prefix: Start of every name in the stack.
    """
    place = "<AWS::Region>:<AWS::AccountId>"
    database = prefix.replace("-", "_")
    reasons = {
        f"<{failures}.Arn>/*": _WILDCARDS,
        f"<{bucket}.Arn>/*": f"The job reads every folder; it has {len(STEPS)} steps. {_WILDCARDS}",
        f"<{bucket}.Arn>/_*": f"Commits, confirmations and tombstones. {_WILDCARDS}",
        f"<{bucket}.Arn>/{MASKED_START}*": f"Both masked tables. {_WILDCARDS}",
        **{f"<{bucket}.Arn>/{folder}/*": _WILDCARDS for folder in _FOLDERS},
        f"arn:<AWS::Partition>:glue:{place}:table/{database}/*": "All tables of our own database, and of no other.",
        f"arn:<AWS::Partition>:logs:{place}:log-group:/aws-glue/{prefix}/*": "Glue names a log stream after each run.",
        "*": "Metrics know none, the name space limits them; nor do tags of FIS, network interfaces, catalogs.",
    }
    yield from ((f"{AWS}-IAM5[Resource::{resource}]", reason) for resource, reason in reasons.items())


def faults(bucket: str) -> Iterator[tuple[str, str]]:
    """The same for the experiment with faults; `bucket` is the logical id of its bucket."""
    reason = "The service names an object after the function; the folder is the limit."
    yield f"{AWS}-IAM5[Resource::<{bucket}.Arn>/FisConfigs/*]", reason


def quicksight(bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
    """The same for QuickSight; `bucket` is the logical id of the lake's bucket."""
    owner = "arn:<AWS::Partition>:quicksight:<AWS::Region>:<AWS::AccountId>"
    yield f"{AWS}-IAM5[Resource::<{bucket}.Arn>/{RESULTS}/*]", _WILDCARDS
    for dataset in DATASETS:
        files = f"<{bucket}.Arn>/{REPORTS_PREFIX}/{dataset.name}/*"
        yield f"{AWS}-IAM5[Resource::{files}]", _WILDCARDS
        imports = f"{owner}:dataset/{dataset.physical_id(prefix)}/ingestion/*"
        yield f"{AWS}-IAM5[Resource::{imports}]", "An import is called as the execution that starts it."
