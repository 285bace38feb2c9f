"""What the catalog holds, asked with SQL through the local Athena."""

from collections.abc import Iterator

import boto3
import pytest

from tests.aws.athena_lake import reason_of, rows_of, serving


@pytest.fixture(autouse=True, scope="module")
def _endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The lake, and beside it a database with a view and one with nothing."""
    with serving(tmp_path_factory.mktemp("cache")):
        boto3.client("glue").create_database(DatabaseInput={"Name": "empty"})
        rows_of("CREATE VIEW sales AS SELECT event_id, revenue FROM raw_events WHERE event_type = 'purchase'")
        yield


def test_schemata_are_the_databases_and_the_schema_itself() -> None:
    """In one catalog, named as Athena names it."""
    found = rows_of("SELECT * FROM information_schema.schemata ORDER BY schema_name")

    assert found == [["awsdatacatalog", name] for name in ("empty", "information_schema", "web")]


def test_tables_are_told_from_views() -> None:
    """Whether the schema is named with its catalog or alone, in any case."""
    found = rows_of(
        "SELECT t.* FROM AwsDataCatalog.INFORMATION_SCHEMA.Tables t WHERE t.table_schema = 'web' ORDER BY table_name"
    )

    assert found == [
        ["awsdatacatalog", "web", "raw_events", "BASE TABLE"],
        ["awsdatacatalog", "web", "sales", "VIEW"],
    ]
    assert rows_of("SELECT table_name FROM information_schema.tables WHERE table_schema = 'empty'") == []


def test_columns_have_their_places_and_the_types_of_sql() -> None:
    """Partition keys come last; Hive's string is a varchar."""
    found = rows_of(
        "SELECT ordinal_position, column_name, data_type, is_nullable, column_default "
        "FROM information_schema.columns WHERE table_schema = 'web' AND table_name = 'raw_events' ORDER BY 1"
    )
    kinds = ["varchar", "varchar", "timestamp(3)", "decimal(18,2)", "boolean", "integer", "varchar", "date", "integer"]

    assert [row[0] for row in found] == [str(place) for place in range(1, 10)]
    assert [row[2] for row in found] == kinds
    assert (found[0][1], found[-1][1]) == ("event_id", "hour")
    assert {tuple(row[3:]) for row in found} == {("YES", None)}


def test_it_joins_with_tables_and_with_itself() -> None:
    """It is a table like any other, also in a WITH clause of the same name."""
    joined = (
        "WITH tables AS (SELECT * FROM information_schema.tables) SELECT tables.table_name, count(*) AS n, "
        "(SELECT count(*) FROM raw_events) AS events FROM tables JOIN information_schema.columns c "
        "ON c.table_schema = tables.table_schema AND c.table_name = tables.table_name GROUP BY 1 ORDER BY 1"
    )

    assert rows_of(joined) == [["raw_events", "9", "9"], ["sales", "2", "9"]]


def test_a_table_of_nothing_known_is_refused() -> None:
    """No empty answer stands for what is not there."""
    assert reason_of("SELECT * FROM information_schema.nothing").startswith("NOT_SUPPORTED (local engine): ")
