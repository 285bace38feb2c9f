"""The rules of `sql/` hold, and each of them finds its mistake."""

from pathlib import Path

import pytest

from clickstream.lake.statements import load_statement, read_statement
from tests.unit import sql_rules
from tests.unit.sql_rules import FILES, SQL, broken_rules, lint


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_keeps_the_rules(path: Path) -> None:
    """The contract can be read, and no rule is broken."""
    assert broken_rules(path) == []


def test_command_names_the_file_and_the_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken file is 1 and one line for each rule; none is 0."""
    folder = tmp_path / "sql"
    folder.mkdir()
    (folder / "bare.sql").write_text("SELECT 1 AS a")
    (folder / "free.sql").write_text("-- X.\n-- grain: x\n-- partitions: x\nSELECT event_id FROM raw_events")
    monkeypatch.setattr(sql_rules, "SQL", folder)
    monkeypatch.setattr(sql_rules, "FILES", sorted(folder.glob("*.sql")))
    assert sql_rules.main() == 1
    bare, *free = capsys.readouterr().out.splitlines()
    assert bare.startswith("sql/bare.sql: bare must open with comments")
    assert free == [
        f"sql/free.sql: scans raw_events without {what}" for what in (":received", "the bounds of event_time")
    ]
    monkeypatch.setattr(sql_rules, "FILES", [])
    assert sql_rules.main() == 0


def test_checks_take_only_hours() -> None:
    """A check is about whole received hours, so it can be run over any of them."""
    for path in (SQL / "checks").glob("*.sql"):
        needed = [parameter.name for parameter in read_statement(path).parameters if parameter.default is None]
        assert needed == ["received"]


def test_reports_say_what_they_do_with_bots() -> None:
    """Every statement about events of people and machines states which it counts."""
    for path in SQL.glob("*.sql"):
        assert path.stem == "bad_events" or "bots" in read_statement(path).clauses


BOUNDS = ":received AND event_time >= :start AND event_time < :end"


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("SELECT event_id FROM raw_events WHERE event_time >= :start AND event_time < :end", "without :received"),
        ("SELECT event_id FROM raw_events WHERE :received", "without the bounds"),
        ("SELECT event_id FROM raw_events WHERE is_bot OR (BOUNDS)", "without :received"),
        ("WITH e AS (SELECT event_id, event_time FROM raw_events) SELECT event_id FROM e WHERE BOUNDS", "scans"),
        ("SELECT session_id FROM sessions WHERE start_time >= :start AND start_time < :end", "without dt >="),
        ("SELECT colour FROM raw_events WHERE BOUNDS", "colour"),
        ("SELECT event_id FROM clicks WHERE BOUNDS", "unknown table clicks"),
        ("SELECT * FROM raw_events WHERE BOUNDS", "uses Star"),
        ("SELECT count(*) / sum(quantity) AS a FROM raw_events WHERE BOUNDS", "divides without double"),
        ("SELECT 100.0 * quantity AS a FROM raw_events WHERE BOUNDS", "decimal literal 100.0"),
        ("SELECT CAST(event_time AS varchar) AS a FROM raw_events WHERE BOUNDS", "casts an instant to text"),
        ("SELECT CAST(app_id AS varchar(3)) AS a FROM raw_events WHERE BOUNDS", "casts to VARCHAR"),
        ("SELECT event_id FROM raw_events WHERE BOUNDS AND event_time >= '2026-11-21'", "compares time with text"),
        ("SELECT event_id FROM raw_events WHERE BOUNDS AND quantity = '1'", "compares number with text"),
        ("SELECT date(event_time) AS d, count(*) AS n FROM raw_events WHERE BOUNDS GROUP BY d", "alias d"),
        ("SELECT format('%s', app_id) AS a FROM raw_events WHERE BOUNDS", "format"),
        ("SELECT approx_set(app_id) AS a FROM raw_events WHERE BOUNDS", "approx_set"),
        ("SELECT event_id FROM raw_events WHERE BOUNDS AND event_time > current_timestamp", "current_timestamp"),
        ("SELECT event_id FROM raw_events WHERE BOUNDS FETCH FIRST 3 ROWS WITH TIES", "uses Fetch"),
        ('SELECT "$path" AS a FROM raw_events WHERE BOUNDS', "hidden column"),
        ("SELECT max(event_time) FILTER (WHERE is_bot) OVER () AS a FROM raw_events WHERE BOUNDS", "in a window"),
        ("SELECT count(DISTINCT app_id) OVER () AS a FROM raw_events WHERE BOUNDS", "in a window"),
        ("DROP TABLE raw_events", "is not one query"),
        ("SELECT 1 AS a; SELECT 2 AS b", "is not one query"),
    ],
)
def test_broken_rule_is_found(sql: str, sentence: str) -> None:
    """The linter sees each kind of mistake."""
    found = lint(sql.replace("BOUNDS", BOUNDS), is_bounded=True)
    assert any(sentence in line for line in found), found


SCAN = "SELECT event_id FROM raw_events WHERE"
LOOKS_BACK = "event_time >= DATE_ADD('day', 0 - :days, :start) AND event_time < :end"


def test_a_look_back_is_what_the_contract_says() -> None:
    """A scan that begins before the start names the parameter of its clause; one that does not, has no clause."""
    sql = f"{SCAN} :received AND {LOOKS_BACK}"
    assert lint(sql, is_bounded=True, lookback="days") == []
    assert lint(sql, is_bounded=True) != []
    assert lint(sql, is_bounded=True, lookback="others") != []
    assert lint(f"{SCAN} {BOUNDS}", is_bounded=True, lookback="days") != []


def test_clean_statement_passes() -> None:
    """What the rules ask for is not refused."""
    text = "SELECT CAST(count(*) AS double) / sum(quantity) AS a FROM raw_events WHERE BOUNDS"
    head = "-- A ratio.\n-- grain: one row\n-- partitions: hours\n-- parameter received predicate: hours\n"
    times = "-- parameter start timestamp: first\n-- parameter end timestamp: last\n"
    assert lint(load_statement("ratio", head + times + text.replace("BOUNDS", BOUNDS)).sql, is_bounded=True) == []
