"""The local Athena through unmodified awswrangler."""

import datetime as dt
import io
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import awswrangler as wr
import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from awswrangler.exceptions import QueryCancelled, QueryFailed

from tests.aws.athena_lake import BUCKET, OUTPUT, serving, storage

# awswrangler 3.17 on pandas 3 says so itself.
pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")
NAMED: Any = {"database": "web", "s3_output": OUTPUT}


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The lake, served."""
    with serving(tmp_path_factory.mktemp("cache")) as url:
        yield url


@pytest.mark.usefixtures("endpoint")
class TestAwswrangler:
    """Unmodified awswrangler."""

    QUERY = (
        "SELECT dt, hour, count(*) AS n, sum(revenue) AS revenue FROM raw_events "
        "WHERE dt = DATE '2026-11-22' GROUP BY 1, 2"
    )

    @pytest.mark.parametrize("ways", [{"ctas_approach": False}, {"ctas_approach": True}])
    def test_a_query_gives_typed_rows(self, ways: Any) -> None:
        """The CSV way and the table way agree."""
        frame = wr.athena.read_sql_query(f"{self.QUERY} ORDER BY 2", **ways, **NAMED)

        assert frame.to_dict("list") == {
            "dt": [dt.date(2026, 11, 22)] * 2,
            "hour": [0, 1],
            "n": [3, 3],
            "revenue": [Decimal("19.90")] * 2,
        }

    def test_unload_gives_the_same_rows(self) -> None:
        """UNLOAD needs an empty folder of its own."""
        where: Any = {"database": "web", "s3_output": f"s3://{BUCKET}/unloaded/one/"}
        frame = wr.athena.read_sql_query(self.QUERY, ctas_approach=False, unload_approach=True, **where)

        assert sorted(frame["hour"]) == [0, 1]

    def test_no_rows_give_an_empty_frame(self) -> None:
        """Also by way of a table without objects."""
        sql = "SELECT event_id FROM raw_events WHERE dt = DATE '2020-01-01'"

        assert wr.athena.read_sql_query(sql, ctas_approach=False, **NAMED).empty
        assert wr.athena.read_sql_query(sql, ctas_approach=True, **NAMED).empty

    def test_chunks_and_parameters(self) -> None:
        """Named values are filled in by the client, positional ones by the endpoint."""
        sql = "SELECT event_id FROM raw_events WHERE dt = CAST(:day AS date) ORDER BY 1"
        chunks = wr.athena.read_sql_query(sql, params={"day": "2026-11-22"}, ctas_approach=False, chunksize=4, **NAMED)
        frame = wr.athena.read_sql_query(
            "SELECT event_id FROM raw_events WHERE event_type = ? AND quantity > ?",
            params=["'purchase'", "1"],
            paramstyle="qmark",
            ctas_approach=False,
            **NAMED,
        )

        assert [len(chunk) for chunk in chunks] == [4, 2]
        assert len(frame) == 3

    def test_start_and_read_later(self) -> None:
        """A query started by one call is read by another."""
        execution_id = wr.athena.start_query_execution("SELECT max(hour) AS h FROM raw_events", **NAMED)

        assert wr.athena.get_query_results(str(execution_id))["h"].tolist() == [23]

    def test_a_failed_query_raises_with_the_reason(self) -> None:
        """The reason is Athena's."""
        with pytest.raises(QueryFailed, match="COLUMN_NOT_FOUND"):
            wr.athena.read_sql_query("SELECT nothing_such FROM raw_events", ctas_approach=False, **NAMED)


@pytest.mark.usefixtures("endpoint")
def test_a_query_beyond_the_cutoff_is_cancelled() -> None:
    """It is over before it reads, and a query of fewer columns of the same table runs."""
    glue: Any = boto3.client("glue")
    buffer = io.BytesIO()
    noise = random.Random(7)  # noqa: S311 - bytes that do not compress, not a secret
    pq.write_table(pa.table({"a": [1] * 11, "b": [noise.randbytes(1_000_000) for _ in range(11)]}), buffer)
    boto3.client("s3").put_object(Bucket=BUCKET, Key="wide/part-0.parquet", Body=buffer.getvalue())
    columns = [{"Name": "a", "Type": "bigint"}, {"Name": "b", "Type": "binary"}]
    descriptor = {**storage(f"s3://{BUCKET}/wide/"), "Columns": columns}
    glue.create_table(DatabaseName="web", TableInput={"Name": "wide", "StorageDescriptor": descriptor})
    configuration: Any = {"ResultConfiguration": {"OutputLocation": OUTPUT}, "BytesScannedCutoffPerQuery": 10_000_000}
    boto3.client("athena").create_work_group(Name="tiny", Configuration=configuration)
    where: Any = {"workgroup": "tiny", "ctas_approach": False, "database": "web"}

    assert wr.athena.read_sql_query("SELECT sum(a) AS a FROM wide", **where)["a"].tolist() == [11]
    with pytest.raises(QueryCancelled, match="Bytes scanned limit was exceeded"):
        wr.athena.read_sql_query("SELECT max(b) AS b FROM wide", **where)
