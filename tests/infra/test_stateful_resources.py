"""What holds data keeps its identity: CloudFormation replaces what it does not recognise, and data go with it."""

from typing import Any

import pytest

from tests.infra.stateful import difference

Template = dict[str, Any]
LEDGER = "RealtimeTablesLedgerEEF2AB52"


@pytest.mark.parametrize("environment", ["dev", "staging", "production"])
def test_ids_and_names_are_kept(templates: dict[str, Template], environment: str) -> None:
    """Every bucket, table, log group, the stream, key, secret, database and topic are those of the committed list."""
    assert not (found := difference(templates[environment], environment)), found


def test_a_moved_table_is_noticed(templates: dict[str, Template]) -> None:
    """Under another id the same table would be created empty, and the message says that the data go."""
    resources = dict(templates["production"]["Resources"])
    resources["OtherLedger"] = resources.pop(LEDGER)
    message = difference({"Resources": resources}, "production")
    assert "Only here, in the template: \n  AWS::DynamoDB::Table OtherLedger clickstream-*-ledger\n" in message
    assert f"Only there, in the list: \n  AWS::DynamoDB::Table {LEDGER} clickstream-*-ledger\n" in message
    assert "WITH ITS DATA" in message


def test_a_renamed_table_is_noticed(templates: dict[str, Template]) -> None:
    """Another name replaces the table, although its id stays."""
    resources = dict(templates["staging"]["Resources"])
    resources[LEDGER] = {**resources[LEDGER], "Properties": {"TableName": "clickstream-staging-commits"}}
    assert f"AWS::DynamoDB::Table {LEDGER} clickstream-*-commits" in difference({"Resources": resources}, "staging")


def test_a_new_table_needs_a_line(templates: dict[str, Template]) -> None:
    """What is only added is named as the line that the list needs, and nothing is said to be lost."""
    resources = dict(templates["dev"]["Resources"], Visits={"Type": "AWS::S3::Bucket"})
    message = difference({"Resources": resources}, "dev")
    assert "A new resource only needs its line" in message
    assert "AWS::S3::Bucket Visits -\nOnly there, in the list: -\n" in message
