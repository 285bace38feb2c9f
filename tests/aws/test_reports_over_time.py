"""Reports of days that follow each other, and of a day whose data changes after it was published."""

import json
from collections.abc import Iterator
from typing import Any

import awswrangler as wr
import boto3
import pytest

from aws_stores import S3Bucket
from batch_jobs import lake_interval, run_reports
from batch_jobs.reports.report_list import REPORTS
from batch_jobs.reports.report_rows import KEY_REPORTS
from tests.aws.empty_stores import new_table
from tests.aws.shop_days import BAD, PEOPLE
from tests.aws.small_lake import BUCKET, DATABASE, WORKGROUP, account, fill

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3

RUN = [
    *("--bucket", BUCKET, "--database", DATABASE, "--workgroup", WORKGROUP),
    *("--ledger-table", "ledger", "--anomalies-table", "anomalies", "--now", "2026-11-26T03:00"),
]
SECOND_DAY = ["--start", "2026-11-22", "--end", "2026-11-23"]


@pytest.fixture
def lake(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two days of a shop, and the few reports that the key numbers need."""
    monkeypatch.setattr(run_reports, "REPORTS", [r for r in REPORTS if r.name in KEY_REPORTS])
    with account(tmp_path_factory.mktemp("cache")):
        fill(PEOPLE, BAD)
        for name in ("ledger", "anomalies"):
            new_table(name)
        yield


def page(day: str) -> dict[str, Any]:
    """The numbers about the newest run over the day."""
    found: dict[str, Any] = json.loads(S3Bucket(BUCKET).get(f"reports/page/{day}/reports.json"))
    return found


def change_page(day: str, **changes: Any) -> None:
    """As if other things had been published of the day."""
    S3Bucket(BUCKET).put(f"reports/page/{day}/reports.json", json.dumps(page(day) | changes).encode())


def test_day_is_compared_with_the_day_before(lake: None) -> None:
    """With its page where that is up to date, else by asking again, to the same effect. The first day has none."""
    assert run_reports.main(RUN) == 0
    assert page("2026-11-21")["previous"] is None
    by_page = page("2026-11-22")["previous"]
    assert (by_page["start"], by_page["reports"]) == ("2026-11-21T00:00:00+00:00", [])
    assert by_page["numbers"] == page("2026-11-21")["numbers"]
    today, before = page("2026-11-22")["numbers"]["events"], by_page["numbers"]["events"]
    assert by_page["changes"]["events"] == today / before - 1
    change_page("2026-11-21", generations={}, numbers={"events": 1})
    assert run_reports.main([*RUN, *SECOND_DAY]) == 0
    asked = page("2026-11-22")["previous"]
    assert asked["numbers"] == by_page["numbers"]
    assert [entry["name"] for entry in asked["reports"]] == [r.name for r in REPORTS if r.name in KEY_REPORTS]
    assert page("2026-11-22")["cost_dollars"] == pytest.approx(0.00005 * 2 * len(KEY_REPORTS))


def test_a_few_wrong_clocks_are_no_period_to_compare_with(lake: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The day before has an event, but hardly any beside those of the day."""
    monkeypatch.setattr(lake_interval, "OUTLIER_SHARE", 100)
    assert run_reports.main([*RUN, *SECOND_DAY]) == 0
    assert page("2026-11-22")["previous"] is None


def test_late_data_restates_what_was_published(lake: None) -> None:
    """Old and new value, once; further runs over the day keep the note and add none."""
    assert run_reports.main(RUN) == 0
    events = page("2026-11-22")["numbers"]["events"]
    change_page("2026-11-22", generations={"2026-11-22T08": 0}, numbers={"events": events - 1})
    for _ in range(2):
        assert run_reports.main([*RUN, *SECOND_DAY]) == 0
        (restated,) = page("2026-11-22")["restatements"]
        assert restated == {
            "number": "events",
            "old": events - 1,
            "new": events,
            "restated_time": "2026-11-26T03:00:00Z",
            "cause": "changed data",
        }
    body = boto3.client("s3").get_object(Bucket=BUCKET, Key="reports/page/2026-11-22/report.html")["Body"].read()
    assert b"1 number of this page was restated" in body


def test_published_days_are_a_table(lake: None) -> None:
    """Every day is a partition with the rows of its newest run; an interval of several days is in no table."""
    assert run_reports.main(RUN) == 0
    assert run_reports.main([*RUN, *SECOND_DAY]) == 0
    assert run_reports.main([*RUN, "--start", "2026-11-21", "--end", "2026-11-23"]) == 0
    sql = "SELECT CAST(report_date AS varchar) AS day, events, first_event_time FROM report_headline ORDER BY day"
    found = wr.athena.read_sql_query(sql, DATABASE, workgroup=WORKGROUP, ctas_approach=False)
    numbers = [page(day)["numbers"]["events"] for day in ("2026-11-21", "2026-11-22")]
    assert list(zip(found["day"], found["events"], strict=True))[:2] == list(
        zip(("2026-11-21", "2026-11-22"), numbers, strict=True)
    )
    assert found["first_event_time"][0].isoformat() == "2026-11-21T09:00:00"
    sql = (
        "SELECT SUM(revenue) AS revenue FROM report_revenue WHERE report_date = DATE '2026-11-21' AND currency = 'EUR'"
    )
    found = wr.athena.read_sql_query(sql, DATABASE, workgroup=WORKGROUP, ctas_approach=False)
    assert float(found["revenue"][0]) == page("2026-11-21")["numbers"]["revenue_EUR"]


def test_small_counts_are_left_out_on_request(lake: None) -> None:
    """Of every file, of the table and of the numbers, with a note; counts that are no people stay."""
    assert run_reports.main([*RUN, "--suppress-below", "1000"]) == 0
    found = page("2026-11-22")
    assert (found["suppress_below"], found["numbers"]["events"] > 0) == (1000, True)
    for numbers in (found["numbers"], found["previous"]["numbers"]):
        assert [numbers[name] for name in ("visitors", "sessions", "conversion_rate")] == [None] * 3
    assert sum(entry.get("suppressed_cells", 0) for entry in found["reports"]) > 2
    sql = "SELECT visitors, events FROM report_headline WHERE report_date = DATE '2026-11-22'"
    table = wr.athena.read_sql_query(sql, DATABASE, workgroup=WORKGROUP, ctas_approach=False)
    assert table["visitors"].isna().all()
    assert table["events"].tolist() == [found["numbers"]["events"]]
    folder = "reports/session_summary/2026-11-22"
    lines = S3Bucket(BUCKET).get(f"{folder}/session_summary.csv").decode().splitlines()
    assert all(line.split(",")[1:] and not line.split(",")[1] for line in lines[1:])
    body = S3Bucket(BUCKET).get("reports/page/2026-11-22/report.html").decode()
    assert "Counts of visitors and sessions below 1,000 are left out" in body
