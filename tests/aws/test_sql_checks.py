"""Every check of `sql/checks`: quiet over good hours, and it names the one hour that breaks its rule."""

from collections.abc import Iterator
from datetime import date, timedelta

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from batch_jobs.check_quality import CHECKS
from batch_jobs.queries import Guard
from clickstream.lake.partitions import hours_between
from clickstream.lake.statements import load_statement, read_statement
from tests.aws.shop_days import BREAKAGE, BROKEN, BROKEN_HOUR, OTHERS, PEOPLE
from tests.aws.small_lake import BUCKET, DATABASE, DAY, WORKGROUP, account, at, fill

HOURS = list(hours_between(DAY, DAY + timedelta(days=2)))
FIRST = date(2026, 11, 21)
pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guard]:
    """The only way to ask; the lake behind it holds two good days and one broken one."""
    with account(tmp_path_factory.mktemp("cache")):
        fill([*PEOPLE, *OTHERS, *(row for rows in BROKEN.values() for row in rows)])
        yield Guard(DATABASE, WORKGROUP)


@pytest.mark.parametrize("name", sorted({path.stem for path in CHECKS.glob("*.sql")} - {"event_types_bounded"}))
def test_check_is_quiet_when_all_is_well_and_names_the_hour_otherwise(guard: Guard, name: str) -> None:
    """Good rows give no row; the one broken hour is the only answer over all hours."""
    check = read_statement(CHECKS / f"{name}.sql")
    assert guard.ask(check, HOURS, {}).rows() == []
    broken_day = list(hours_between(at("00:00", BREAKAGE), at("00:00", BREAKAGE + 1)))
    hour = BROKEN_HOUR.get(name, list(BROKEN).index(name))
    assert guard.ask(check, [*HOURS, *broken_day], {}).rows() == [{"dt": date(2026, 11, 25), "hour": hour, "events": 1}]


def test_an_hour_of_too_many_types_is_named(guard: Guard) -> None:
    """Hours at the bound are well, hours above it are named with their number."""
    check = read_statement(CHECKS / "event_types_bounded.sql")
    assert guard.ask(check, HOURS, {}).rows() == []
    assert guard.ask(check, HOURS, {"most_types": 5}).rows() == []
    assert guard.ask(check, HOURS, {"most_types": 4}).rows() == [{"dt": FIRST, "hour": 9, "types": 5}]


def test_a_file_of_an_older_version_is_null_in_newer_columns(guard: Guard) -> None:
    """A column is added to the table alone: no file is written again, and both kinds are read together."""
    client = boto3.client("s3")
    key = "raw_events/dt=2026-11-21/hour=9/g=000001-test/part-0.parquet"
    body = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    sink = pa.BufferOutputStream()
    pq.write_table(pq.read_table(pa.BufferReader(body)).drop_columns(["device_type", "sub_sequence"]), sink)
    client.put_object(Bucket=BUCKET, Key=key, Body=bytes(sink.getvalue()))
    asked = "COUNT(*) AS all_rows, COUNT(device_type) AS devices, COUNT(sub_sequence) AS places"
    text = f"-- X.\n-- grain: x\n-- partitions: x\n-- parameter received predicate: x\nSELECT hour, {asked}"
    statement = load_statement("columns", f"{text} FROM raw_events WHERE :received GROUP BY hour ORDER BY hour")
    old, new = guard.ask(statement, ["2026-11-21T09", "2026-11-21T10"], {}).rows()
    client.put_object(Bucket=BUCKET, Key=key, Body=body)
    assert (old["all_rows"] > 0, old["devices"], old["places"]) == (True, 0, 0)
    assert new["devices"] == new["places"] == new["all_rows"] > 0


def test_rows_are_counted_by_received_hour(guard: Guard) -> None:
    """What commits are compared with: each partition's rows, whatever the time of the events."""
    counts = [
        row["event_rows"] for row in guard.ask(read_statement(CHECKS.parent / "received_rows.sql"), HOURS, {}).rows()
    ]
    assert sum(counts) == len([*PEOPLE, *OTHERS])
