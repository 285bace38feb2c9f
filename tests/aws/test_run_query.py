"""One SQL file from the command line: rows, cost, and refusals in one sentence."""

from collections.abc import Iterator

import pytest

from batch_jobs import run_query, run_reports, stack
from batch_jobs.queries import Guard
from clickstream.errors import ConfigError
from tests.aws.shop_days import BAD, OTHERS, PEOPLE
from tests.aws.small_lake import BUCKET, DATABASE, WORKGROUP, account, fill

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3

LAKE = ["--bucket", BUCKET, "--database", DATABASE, "--workgroup", WORKGROUP]
TWO_DAYS = ["--start", "2026-11-21", "--end", "2026-11-23"]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two days of a shop."""
    with account(tmp_path_factory.mktemp("cache")):
        fill([*PEOPLE, *OTHERS], BAD)
        yield


def test_query_prints_a_table_and_its_cost(lake: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows on standard output, cut to the limit; bytes and query on standard error."""
    file = str(run_reports.SQL / "event_types.sql")
    assert run_query.main([file, *LAKE, *TWO_DAYS, "--limit", "2"]) == 0
    out, err = capsys.readouterr()
    assert "page_view" in out
    assert "2 of 6 rows" in out
    assert "6 rows, " in err
    assert "query " in err


def test_names_come_from_the_stack(
    lake: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """A file and a stack are all that is needed."""
    outputs = {"BucketName": BUCKET, "DatabaseName": DATABASE, "WorkgroupName": WORKGROUP}
    monkeypatch.setattr(stack, "outputs", {"shop": outputs}.__getitem__)
    file = str(run_reports.SQL / "bad_events.sql")
    assert run_query.main([file, "--stack", "shop", "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["2026-11-21,9,not_json,2", "2026-11-21,10,too_deep,1"]


def test_query_writes_csv(lake: None, capsys: pytest.CaptureFixture[str]) -> None:
    """All rows, with a parameter of the statement."""
    file = str(run_reports.SQL / "top_pages.sql")
    assert run_query.main([file, *LAKE, *TWO_DAYS, "--csv", "--param", "limit=1"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "app_id,page_path,page_title,page_views,visitors,sessions,view_share,bot_views",
        "shop,/,Home,3,1,1,0.75,2",
    ]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["absent.sql"], 2, "absent.sql cannot be read"),
        (["top_pages.sql", "--param", "colour=red"], 2, "top_pages has received, start, end, limit"),
        (["top_pages.sql", "--param", "limit=many"], 2, "limit must be a whole number"),
        (["top_pages.sql", "--param", "start=2026-11-21"], 2, "use --start, --end"),
        (["top_pages.sql", "--start", "2026-11-23", "--end", "2026-11-21"], 1, "is empty"),
        (["top_pages.sql", "--workgroup", "nobody"], 1, "nobody"),
        (["top_pages.sql", "--workgroup", ""], 1, "the stack clickstream-local has no output WorkgroupName"),
    ],
)
def test_query_refuses_in_one_sentence(
    lake: None,
    words: list[str],
    code: int,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Wrong usage is 2, a refusal of the service is 1."""
    monkeypatch.setattr(stack, "outputs", {"clickstream-local": {}}.__getitem__)
    file, *rest = words
    assert run_query.main([str(run_reports.SQL / file), *LAKE, *rest]) == code
    assert sentence in capsys.readouterr().err


def test_unknown_workgroup_is_refused(lake: None) -> None:
    """The guard needs a workgroup it can read."""
    with pytest.raises(ConfigError, match="nobody"):
        Guard(DATABASE, "nobody")
