"""List prices, us-east-1, in US dollars, without free tier and volume discounts, as published in November 2026.

Source: the public price pages of Amazon Kinesis Data Streams (provisioned, on demand), AWS Lambda (x86), Amazon
DynamoDB (on demand), Amazon S3 (standard), Amazon CloudWatch, Amazon API Gateway (HTTP APIs), AWS PrivateLink, AWS Glue
(Spark jobs), AWS Step Functions (standard), Amazon EventBridge (Scheduler), AWS KMS, AWS Secrets Manager, AWS WAF and
Amazon Athena: aws.amazon.com/<service>/pricing. Check them before you plan a budget.
"""

SHARD_HOUR = 0.015
EXTENDED_SHARD_HOUR = 0.020
"""Besides, for a shard that keeps records longer than a day."""
INCLUDED_RETENTION_HOURS = 24
ON_DEMAND_STREAM_HOUR = 0.04
"""A stream on demand, without what is written and read; its longer retention costs by the GB."""
PUT_UNIT = 0.014e-6
"""25 KB of a record, or a part of it."""
PUT_UNIT_BYTES = 25_000
HTTP_API_REQUEST = 1.00e-6
"""Amazon API Gateway, the first 300 million of a month, up to 512 KB."""
LAMBDA_GB_S = 0.0000166667
LAMBDA_REQUEST = 0.20e-6
WRITE_UNIT = 0.625e-6
READ_UNIT = 0.125e-6
S3_PUT = 0.005e-3
S3_GET = 0.0004e-3
LOGS_GB = 0.50
CUSTOM_METRIC_MONTH = 0.30
PUT_METRIC_DATA = 0.01e-3
ALARM_MONTH = 0.10
"""On one metric, of a minute or more."""
DASHBOARD_MONTH = 3.00
KEY_MONTH = 1.00
"""A key of the account; each of its first two yearly rotations adds as much. Requests: $0.03 for 10,000."""
SECRET_MONTH = 0.40
WEB_ACL_MONTH = 5.00
WEB_RULE_MONTH = 1.00
"""A rule, or a managed group of rules. Requests: $0.60 for a million."""
SCHEDULED_CALL = 1.00e-6
STATE_TRANSITION = 0.025e-3
ATHENA_BYTE = 5.00e-12
ATHENA_LEAST_BYTES = 10_000_000
"""What a query is billed for at least."""
ENDPOINT_ZONE_HOUR = 0.01
"""AWS PrivateLink: an interface endpoint in one zone, used or not; $0.01 for each GB through it besides."""
HOURS_PER_MONTH = 730
VCPU_MB = 1769
"""Memory at which a Lambda function has one whole vCPU; the share is proportional."""
GLUE_DPU_HOUR = 0.44
GLUE_DPU_VCPUS = 4
GLUE_LEAST_MINUTES = 1
"""What a run is billed for at least; after that by the second."""
