"""Each expression of Athena's SQL has the value that Trino documents for it, or is refused."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from local_aws.athena.duck import Database
from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.translate.dialect import generate, parse
from local_aws.athena.translate.rewrite import rewrite
from tests.unit.athena_expressions import VALUES
from tests.unit.athena_found import FOUND
from tests.unit.athena_refusals import REFUSED, UNFAITHFUL
from tests.unit.athena_values import NOON, opened, value_of


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One embedded database for all expressions."""
    with opened(tmp_path_factory.mktemp("athena")) as found:
        yield found


@pytest.mark.parametrize(("expression", "expected"), [*VALUES, *FOUND], ids=[one for one, _ in [*VALUES, *FOUND]])
def test_an_expression_has_the_value_that_trino_documents(database: Database, expression: str, expected: Any) -> None:
    """What DuckDB answers is what Athena would."""
    value = value_of(database, expression)

    assert value == expected
    assert isinstance(value, bool) == isinstance(expected, bool)


@pytest.mark.parametrize(("expression", "code"), REFUSED, ids=[expression for expression, _ in REFUSED])
def test_what_athena_refuses_is_refused_with_its_code(database: Database, expression: str, code: str) -> None:
    """DuckDB's leniency does not show."""
    with pytest.raises(QueryError, match=f"^{code}: "):
        value_of(database, expression)


@pytest.mark.parametrize("expression", UNFAITHFUL)
def test_what_cannot_be_answered_faithfully_is_refused_aloud(database: Database, expression: str) -> None:
    """There is no guess."""
    with pytest.raises(QueryError, match=r"^NOT_SUPPORTED \(local engine\): "):
        value_of(database, expression)


def test_a_refusal_before_the_query_runs_has_its_own_type() -> None:
    """Callers can tell what Athena fails from what only this engine cannot do."""
    with pytest.raises(NotSupportedError):
        parse("SELECT word_stem('running')")


def test_a_column_without_a_name_is_named_by_its_position(database: Database) -> None:
    """`_col1` is the second column."""
    sql = generate(rewrite(parse("SELECT 1 AS a, count(*), max(n) FROM (VALUES 1) t(n)"), NOON))

    assert database.cursor().sql(sql).columns == ["a", "_col1", "_col2"]


def test_no_statement_opens_a_file(database: Database) -> None:
    """The database itself has no door to files beyond its own folder."""
    with pytest.raises(duckdb.PermissionException):
        database.cursor().execute("SELECT * FROM read_csv('/etc/hosts')")
