"""The page on SQL: its examples run, and its table says of each statement what the file says."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_jobs import run_query
from clickstream.lake.statements import read_statement
from clickstream.tables import LAKE_TABLES
from tests.aws.shop_days import BAD, OTHERS, PEOPLE
from tests.aws.small_lake import BUCKET, DATABASE, WORKGROUP, account, fill

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS = [line for kind, text in EXAMPLES if kind == "sh" for line in text.splitlines()]
PROGRAMS = [text for kind, text in EXAMPLES if kind == "python"]
LAKE = ["--bucket", BUCKET, "--database", DATABASE, "--workgroup", WORKGROUP]
STATEMENTS = sorted((ROOT / "sql").glob("*.sql"))
ROWS = {
    cells[0].strip("`"): cells[1:]
    for line in PAGE.splitlines()
    if line.startswith("| `sql/")
    for cells in [[cell.strip() for cell in line.strip("| ").split(" | ")]]
}
pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two days of a shop."""
    with account(tmp_path_factory.mktemp("cache")):
        fill([*PEOPLE, *OTHERS], BAD)
        yield


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run(
    lake: None, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Each line gives rows and says what it read; `make sql` is `run_query` with the file."""
    monkeypatch.chdir(ROOT)
    words = shlex.split(command.replace("make sql FILE=", "python -m batch_jobs.run_query "))
    assert words[:3] == ["python", "-m", "batch_jobs.run_query"]
    assert run_query.main([*words[3:], *LAKE]) == 0
    out, err = capsys.readouterr()
    assert "no rows" not in out
    assert " read, " in err


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_run(
    lake: None, program: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """The lines can be pasted; only the names of the lake are others here."""
    monkeypatch.chdir(ROOT)
    named = program.replace("clickstream_local", DATABASE).replace("clickstream-local", WORKGROUP)
    exec(compile(named, "docs/sql.md", "exec"), {})  # noqa: S102 - the page is our own
    assert "organic_search" in capsys.readouterr().out


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.stem)
def test_the_table_knows_the_statement(path: Path) -> None:
    """Tables read and parameters with their defaults, as the file has them."""
    statement = read_statement(path)
    _, reads, parameters = ROWS[f"sql/{path.name}"]
    assert reads == ", ".join(
        table.name
        for table in sorted(LAKE_TABLES, key=lambda table: table.name != "raw_events")
        if re.search(rf"\bFROM {table.name}\b", statement.sql)
    )
    own = [one for one in statement.parameters if one.name not in ("received", "start", "end")]
    expected = [one.name if one.default is None else f"{one.name}={one.default}" for one in own]
    assert re.findall(r"`([^`]+)`", parameters) == expected


def test_the_table_has_no_statement_too_many() -> None:
    """A file that is gone goes from the page."""
    assert ROWS.keys() == {f"sql/{path.name}" for path in STATEMENTS}
