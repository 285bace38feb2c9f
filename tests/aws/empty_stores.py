"""Empty stores of the services that moto plays, as the stack makes them."""

import boto3

from aws_stores import DynamoTable


def new_table(name: str = "things") -> DynamoTable:
    """An empty table with the project's keys, and the index of alerts that are to be sent."""
    keys = ("pk", "HASH"), ("sk", "RANGE")
    boto3.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],  # type: ignore[typeddict-item]
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk", "pending")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "pending",
                "KeySchema": [{"AttributeName": "pending", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return DynamoTable(name)
