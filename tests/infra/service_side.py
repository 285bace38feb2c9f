"""Grants that no call of ours uses: AWS acts by the role itself, or something must go wrong that is not played here.

Each has its reason; `test_least_privilege` holds the list to exactly what is left over. They can only be proven in an
account, see docs/security.md.
"""

POLLER = "Lambda reads the stream by the function's role"
FAILURES = "Lambda puts given-up batches by the function's role, and looks at the bucket when the mapping is made"
LOGS = "Lambda and Glue write the logs by the role of what they run"
ATHENA = "Athena reads the catalog and writes its answers by the role of who asks"
PARTS = "a large file goes up in parts, and one that fails is taken back; Athena does the same"
OVER_BUDGET = "a query beyond its budget is stopped: tests/unit/test_query_watch.py"
SCRIPT = "Glue fetches the script itself by the job's role"
Reasons = dict[tuple[str, ...], str]
FUNCTION: Reasons = {
    ("ReadStream", "kinesis:DescribeStream"): POLLER,
    ("ReadStream", "kinesis:GetRecords"): POLLER,
    ("ReadStream", "kinesis:GetShardIterator"): POLLER,
    ("ReadStream", "kinesis:ListShards"): POLLER,
    ("PutFailures", "s3:PutObject"): FAILURES,
    ("ListFailures", "s3:ListBucket"): FAILURES,
    ("WriteLogs", "logs:CreateLogStream"): LOGS,
    ("WriteLogs", "logs:PutLogEvents"): LOGS,
}
UNUSED: dict[str, Reasons] = {
    "RealtimeProcessEventsRole": FUNCTION,
    "RealtimeDetectAnomaliesRole": FUNCTION,
    "CollectorRole": {sid_action: reason for sid_action, reason in FUNCTION.items() if sid_action[0] == "WriteLogs"},
    "TrafficRole": {sid_action: reason for sid_action, reason in FUNCTION.items() if sid_action[0] == "WriteLogs"},
    "BatchRole": {
        ("WriteLogs", "logs:CreateLogGroup"): LOGS,
        ("WriteLogs", "logs:CreateLogStream"): LOGS,
        ("WriteLogs", "logs:PutLogEvents"): LOGS,
        ("ListObjects", "s3:GetBucketLocation"): ATHENA,
        ("ListObjects", "s3:ListBucketMultipartUploads"): ATHENA,
        ("ReadDatabase", "glue:GetDatabase"): ATHENA,
        ("Partitions", "glue:BatchGetPartition"): ATHENA,
        ("WriteObjects", "s3:PutObject", "/athena-results/*"): ATHENA,
        ("WriteObjects", "s3:AbortMultipartUpload"): PARTS,
        ("WriteObjects", "s3:ListMultipartUploadParts"): PARTS,
        ("Query", "athena:StopQueryExecution"): OVER_BUDGET,
        ("ReadCode", "s3:GetObject", ".py"): SCRIPT,
    },
}
"""By role: statement and action, with the end of the resource where others of the statement are used."""
UNUSED_VALUES = {
    ("RealtimeProcessEventsRole", "kms:Decrypt", "kms:ViaService=kinesis.us-east-1.amazonaws.com"): POLLER,
    ("RealtimeDetectAnomaliesRole", "kms:Decrypt", "kms:ViaService=kinesis.us-east-1.amazonaws.com"): POLLER,
    ("RealtimeDetectAnomaliesRole", "kms:GenerateDataKey", "kms:ViaService=s3.us-east-1.amazonaws.com"): FAILURES,
}
"""The same for single values of conditions: role, action, value."""
