"""Every statement at once, by its command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_jobs import run_queries, stack
from tests.aws.shop_days import BAD, OTHERS, PEOPLE
from tests.aws.small_lake import BUCKET, DATABASE, WORKGROUP, account, fill

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3

LAKE = ["--bucket", BUCKET, "--database", DATABASE, "--workgroup", WORKGROUP]
TWO_DAYS = ["--start", "2026-11-21", "--end", "2026-11-23"]
BROKEN = """-- Broken.
-- grain: x
-- partitions: x
-- parameter received predicate: hours
SELECT colour FROM raw_events WHERE :received
"""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two days of a shop."""
    with account(tmp_path_factory.mktemp("cache")):
        fill([*PEOPLE, *OTHERS], BAD)
        yield


def test_every_statement_answers(lake: None, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each file with its rows and cost, and the sums; the one that needs a parameter is named."""
    assert run_queries.main([*LAKE, *TWO_DAYS]) == 0
    out, err = capsys.readouterr()
    lines = [line.strip("│ ").split("│") for line in out.splitlines() if line.startswith("│")]
    cells = {name.strip(): [cell.strip() for cell in rest] for name, *rest in lines}
    names = {path.stem for path in run_queries.SQL.glob("*.sql")} - {"erased_events"}
    assert cells.keys() == names | {"all"}
    assert (cells["event_types"][0], cells["event_types"][-1]) == ("6", "0.00005")
    assert cells["all"][-1] == f"{0.00005 * len(names):.6f}".rstrip("0")
    assert err == "run_queries: erased_events is left out, it has no default for digest\n"


def test_a_statement_that_fails_is_named_and_the_others_run(
    lake: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, the words of Athena, and the answer of the other one."""
    (tmp_path / "broken.sql").write_text(BROKEN)
    (tmp_path / "event_types.sql").write_text((run_queries.SQL / "event_types.sql").read_text())
    assert run_queries.main([*LAKE, *TWO_DAYS, "--sql", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert "failed" in out
    assert "event_types" in out
    assert err.startswith("run_queries: Athena refused broken (query ")


def test_a_stack_without_a_lake_is_one_sentence(
    lake: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked, and what is missing is named."""
    monkeypatch.setattr(stack, "outputs", {"shop": dict[str, str]()}.__getitem__)
    assert run_queries.main(["--stack", "shop"]) == 1
    assert capsys.readouterr().err.startswith("run_queries: the stack shop has no output BucketName")
