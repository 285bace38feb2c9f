"""SQL files: contract, parameters, binding."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from awswrangler._sql_formatter import _process_sql_params

from clickstream.errors import StatementError
from clickstream.lake.statements import Statement, load_statement, read_statement

HEAD = """-- Clicks of a page.
-- grain: one row per page
-- partitions: the received hours
-- parameter received predicate: hours to read
-- parameter start timestamp: first event time
-- parameter page text = /: path
-- parameter limit integer = 5: rows
"""
BODY = "SELECT ':x' AS a, b::text FROM t WHERE :received AND event_time >= :start AND p = :page LIMIT :limit"
START = datetime(2026, 11, 21, 9, tzinfo=UTC)


def load(text: str = HEAD + BODY) -> Statement:
    """The statement of the text."""
    return load_statement("clicks", text)


def test_contract_is_read() -> None:
    """The leading comment gives meaning, clauses, and typed parameters with their defaults."""
    statement = load()
    assert statement.meaning == "Clicks of a page."
    assert statement.clauses == {"grain": "one row per page", "partitions": "the received hours"}
    assert [(p.name, p.type, p.default) for p in statement.parameters] == [
        ("received", "predicate", None),
        ("start", "timestamp", None),
        ("page", "text", "/"),
        ("limit", "integer", "5"),
    ]


def test_bound_sql_is_what_athena_gets() -> None:
    """The predicate is put in here; awswrangler quotes the values and leaves literals alone."""
    bound = load().bind(["2026-11-21T09"], {"start": START, "page": "/it's :limit"})
    assert _process_sql_params(bound.sql, bound.params) == (
        "SELECT ':x' AS a, b::text FROM t WHERE ((dt = DATE '2026-11-21' AND hour = 9))"
        " AND event_time >= TIMESTAMP '2026-11-21 09:00:00.000' AND p = '/it''s :limit' LIMIT 5"
    )


def test_no_hours_read_nothing() -> None:
    """Without received hours the predicate is FALSE, not absent."""
    assert "WHERE FALSE AND" in load().bind([], {"start": START}).sql


def test_instants_are_bound_as_naive_utc() -> None:
    """An instant of another zone is the same instant in the statement."""
    local = START.astimezone(timezone(timedelta(hours=2)))
    assert load().bind([], {"start": local}).params["start"] == datetime(2026, 11, 21, 9)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "clicks needs the parameter start"),
        ({"start": START, "colour": 1}, "clicks has no parameter colour; it has start, page"),
        ({"start": START.replace(tzinfo=None)}, "start must state its time zone"),
        ({"start": START.replace(microsecond=1)}, "start must be whole milliseconds"),
        ({"start": "2026-11-21"}, "start must be an instant"),
        ({"start": date(2026, 11, 21)}, "start must be an instant"),
        ({"start": START, "limit": 1.5}, "limit must be a whole number"),
        ({"start": START, "limit": True}, "limit must be a whole number"),
        ({"start": START, "page": 7}, "page must be text"),
        ({"start": START, "received": "TRUE"}, "clicks has no parameter received"),
    ],
)
def test_wrong_values_are_refused(values: dict[str, Any], sentence: str) -> None:
    """A missing, unknown or mistyped value is one clear sentence; a predicate cannot be smuggled in."""
    with pytest.raises(StatementError, match=sentence):
        load().bind([], values)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (BODY, "must open with comments"),
        (HEAD.replace("-- grain: one row per page\n", "") + BODY, "must open with comments"),
        (HEAD, "holds no statement"),
        (HEAD + BODY + "; SELECT 1", "more than one statement"),
        (HEAD + BODY + " OFFSET :skip", "uses :skip; declare it"),
        (HEAD + BODY.replace(" LIMIT :limit", ""), "declares limit but does not use it"),
        (HEAD + BODY.replace("':x'", "':start'"), "start inside quotes"),
        (HEAD.replace(" text ", " colour ") + BODY, "no such parameter type: colour"),
        (HEAD + "-- and more words\n" + BODY, "cannot read the line 'and more words'"),
        (HEAD + "-- lookback: page\n" + BODY, "lookback must name a parameter of type integer"),
    ],
)
def test_broken_files_are_refused(text: str, sentence: str) -> None:
    """A file that breaks its contract is one clear sentence."""
    with pytest.raises(StatementError, match=sentence):
        load(text)


def test_a_look_back_is_days_of_a_parameter() -> None:
    """Its default or the value given; none without the clause; what is no number of days is refused."""
    statement = load(HEAD.replace("-- parameter received", "-- lookback: limit\n-- parameter received") + BODY)
    assert statement.lookback({}) == timedelta(days=5)
    assert statement.lookback({"limit": 30}) == timedelta(days=30)
    assert load().lookback({}) == timedelta()
    with pytest.raises(StatementError, match="limit must be days from 0 to 3660, not -1"):
        statement.lookback({"limit": -1})


def test_comments_and_the_last_semicolon_are_dropped() -> None:
    """A parameter that only a comment mentions is not one, and a final semicolon is no second statement."""
    statement = load(HEAD + BODY.replace("SELECT", "SELECT -- :gone;\n/* :gone; */") + " ;\n")
    assert "gone" not in statement.sql
    assert statement.sql.endswith("LIMIT :limit")


def test_unreadable_file_is_named(tmp_path: Path) -> None:
    """A missing file is an error that names it."""
    with pytest.raises(StatementError, match=r"absent\.sql cannot be read"):
        read_statement(tmp_path / "absent.sql")


def test_bad_default_is_refused() -> None:
    """A default that is not of its type is found when the statement is bound."""
    with pytest.raises(StatementError, match="limit must be a whole number, not 'many'"):
        load(HEAD.replace("= 5", "= many") + BODY).bind([], {"start": START})
