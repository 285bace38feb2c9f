"""An empty table of the service that moto plays, as the stack makes it."""

import boto3

from aws_stores import DynamoTable


def new_table() -> DynamoTable:
    """An empty table of the service, with one index."""
    keys = ("pk", "HASH"), ("sk", "RANGE")
    boto3.client("dynamodb").create_table(
        TableName="things",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],  # type: ignore[typeddict-item]
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "pending")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "pending",
                "KeySchema": [{"AttributeName": "pending", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return DynamoTable("things")
