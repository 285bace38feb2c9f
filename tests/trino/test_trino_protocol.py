"""The protocol of statements, against a server that speaks it and runs no SQL; no run against a real Trino was made."""

import datetime as dt
import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from local_aws.athena.errors import QueryError
from tests.aws.athena_answers.events import EVENTS
from tests.trino import __main__ as recording
from tests.trino.asking import clicks, make_clicks, server, value
from tests.trino.fake_server import FakeTrino, answering
from tests.trino.trino import Trino
from tests.unit.athena_outcomes import decoded, encoded, outcomes, probes
from tests.unit.athena_values import opened, value_of


def trino(fake: FakeTrino) -> Trino:
    """The client of a fake server."""
    return Trino(fake.url, "memory", "clickstream_tests")


def signature(kind: str, *arguments: Any) -> dict[str, Any]:
    """A type as the server describes it."""
    return {"rawType": kind, "arguments": list(arguments)}


def of_type(kind: dict[str, Any]) -> dict[str, Any]:
    """A type as the argument of another."""
    return {"kind": "TYPE", "value": kind}


def field(name: str | None, kind: str) -> dict[str, Any]:
    """A field of a row."""
    named = {"name": name} if name else None
    return {"kind": "NAMED_TYPE", "value": {"fieldName": named, "typeSignature": signature(kind)}}


def page(kind: dict[str, Any], *cells: Any) -> dict[str, Any]:
    """An answer with rows of one column."""
    return {"columns": [{"name": "_col0", "type": "", "typeSignature": kind}], "data": [[cell] for cell in cells]}


def failure(name: str) -> dict[str, Any]:
    """An answer that ends a statement in failure."""
    error = {"message": "line 1:8: no", "errorCode": 1, "errorName": name, "errorType": "USER_ERROR"}
    return {"error": error, "stats": {"state": "FAILED"}}


def test_rows_come_over_several_answers() -> None:
    """Some of which bring neither columns nor rows, while the statement waits or ends."""
    waiting = {"stats": {"state": "RUNNING"}}
    kind = signature("bigint")
    with answering({"SELECT 1": [waiting, page(kind, 1, 2), {**page(kind, 3)}, waiting]}) as fake:
        assert trino(fake).rows("SELECT 1") == [(1,), (2,), (3,)]
        assert fake.statements == ["SELECT 1"]


def test_a_busy_server_is_asked_again() -> None:
    """With 503, 502, 504 and 429 it says: later."""
    with answering({"SELECT 1": [503, page(signature("bigint"), 1), 502, {}, 429, 504, {}]}) as fake:
        assert trino(fake).rows("SELECT 1") == [(1,)]


def test_another_status_ends_it() -> None:
    """The address and the status are named."""
    with answering({"SELECT 1": [500]}) as fake, pytest.raises(ConnectionError, match="answers 500"):
        trino(fake).rows("SELECT 1")


def test_a_failure_has_the_name_of_the_error() -> None:
    """As the local engine's own failures."""
    with (
        answering({"SELECT 1/0": [{}, failure("DIVISION_BY_ZERO")]}) as fake,
        pytest.raises(QueryError, match=r"^DIVISION_BY_ZERO: line 1:8: no$"),
    ):
        trino(fake).rows("SELECT 1/0")


def test_each_request_says_who_asks_where() -> None:
    """User and password come from the address, and are no part of the one that is asked."""
    with answering({"SELECT 1": [{}]}) as fake:
        address = fake.url.replace("http://", "http://ann:s%2Fecret@")
        assert Trino(address, "hive", "web").rows("SELECT 1") == []
        names = ("X-Trino-User", "X-Trino-Catalog", "X-Trino-Schema", "X-Trino-Time-Zone", "Authorization")
        assert [[headers[name] for name in names] for headers in fake.headers] == [
            ["ann", "hive", "web", "UTC", "Basic YW5uOnMvZWNyZXQ="]
        ] * 2


@pytest.mark.parametrize(
    ("kind", "cell", "expected"),
    [
        (signature("integer"), 5, 5),
        (signature("double"), 1, 1.0),
        (signature("double"), "Infinity", math.inf),
        (signature("boolean"), False, False),
        (signature("decimal"), "0.30", Decimal("0.30")),
        (signature("varchar"), "é", "é"),
        (signature("varbinary"), "AP8=", b"\x00\xff"),
        (signature("json"), '{"a":1}', '{"a":1}'),
        (signature("date"), "2024-02-29", dt.date(2024, 2, 29)),
        (signature("timestamp"), "2024-02-29 10:00:00.5", dt.datetime.fromisoformat("2024-02-29 10:00:00.5")),
        (
            signature("timestamp with time zone"),
            "2024-03-31 03:30:00.000 Europe/Berlin",
            dt.datetime(2024, 3, 31, 1, 30, tzinfo=dt.UTC),
        ),
        (
            signature("timestamp with time zone"),
            "2024-03-31 03:30:00 +02:00",
            dt.datetime(2024, 3, 31, 1, 30, tzinfo=dt.UTC),
        ),
        (signature("bigint"), None, None),
        (signature("array", of_type(signature("decimal"))), ["1.0", None], [Decimal("1.0"), None]),
        (signature("map", of_type(signature("bigint")), of_type(signature("date"))), {"7": None}, {7: None}),
        (signature("row", field("a", "bigint"), field(None, "date")), [1, "2024-01-01"],
         {"a": 1, "field1": dt.date(2024, 1, 1)}),
    ],
)  # fmt: skip
def test_a_value_has_the_type_of_its_column(kind: dict[str, Any], cell: Any, expected: Any) -> None:
    """Also within arrays, maps and rows."""
    with answering({"SELECT x": [page(kind, cell)]}) as fake:
        got = value(trino(fake), "x")
    assert (got, type(got)) == (expected, type(expected))


def test_a_wrong_expectation_is_told() -> None:
    """An answer that is not the one expected is `different`, a failure that is not `refused`."""
    expected = {"5/2": page(signature("integer"), 2), "7/2": page(signature("integer"), 4), "-7/2": failure("X")}
    pages: dict[str, list[Any]] = {f"SELECT {e}": [answer] for e, answer in expected.items()}
    with answering(pages) as fake:

        def ask(expression: str) -> Any:
            return value(trino(fake), expression) if expression in expected else None

        found = {o.expression: o.kind for o in outcomes(ask) if o.expression in expected}
    assert found == {"5/2": "same", "7/2": "different", "-7/2": "refused"}


def test_answers_are_kept_as_the_expectations_are_written(tmp_path: Path) -> None:
    """Files with the names of the expectations, and one for each query, that read back as what Trino said."""
    with _answering_all() as fake:
        count = recording.record(trino(fake), tmp_path / "expressions", tmp_path / "queries")
        posted = list(fake.statements)
    kept = dict(probes(tmp_path / "expressions/numbers.json"))
    assert kept["5/2"] == 2
    assert json.loads((tmp_path / "expressions/numbers.json").read_text())[1][1] == {"error": "NOT_SUPPORTED"}
    assert next(probes(tmp_path / "queries/top_pages_of_days.json"))[1] == [[2]]
    assert count == 313 + 48
    assert posted[313].startswith("CREATE SCHEMA")
    assert posted[314:316] == ["DROP TABLE IF EXISTS clicks", f"CREATE TABLE clicks AS {clicks()}"]


def _answering_all() -> Any:
    class Every(dict[str, list[Any]]):
        def __missing__(self, sql: str) -> list[Any]:
            self[sql] = [failure("NOT_SUPPORTED")] if sql == "SELECT 7/2" else [page(signature("integer"), 2)]
            return self[sql]

    return answering(Every())


@pytest.mark.parametrize(
    "one",
    [None, True, 7, 1.5, math.inf, "x", Decimal("0.10"), dt.date(2024, 2, 29),
     dt.datetime.fromisoformat("2024-02-29T01:00"),
     dt.datetime(2024, 2, 29, 1, tzinfo=dt.UTC), b"\x00", [1, None], {"a": [2.0]}],
)  # fmt: skip
def test_what_is_kept_reads_back(one: Any) -> None:
    """With its type."""
    assert decoded(json.loads(json.dumps(encoded(one)))) == one


def test_the_table_of_clicks_holds_the_events(tmp_path: Path) -> None:
    """The query that makes it gives the same values in the local engine."""
    fields = "event_id, happened, amount, pieces, labels, cardinality(device), place.city, basket[1].price"
    columns = fields.replace("basket[1]", "element_at(basket, 1)")
    with opened(tmp_path) as database:
        made = value_of(database, f"array_agg(ROW({columns}) ORDER BY event_id) FROM ({clicks()})")
    assert [tuple(row.values()) for row in made] == [
        (
            event["event_id"], event["happened"], event["amount"], event["pieces"], event["labels"],
            None if event["device"] is None else len(event["device"]), (event["place"] or {}).get("city"),
            (event["basket"] or [{}])[0].get("price"),
        )
        for event in sorted(EVENTS, key=lambda event: str(event["event_id"]))
    ]  # fmt: skip


def test_without_a_server_nothing_is_recorded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 without an address, 1 where nobody answers; a password is not printed."""
    monkeypatch.delenv("TRINO_URL", raising=False)
    assert server() is None
    assert recording.main() == 2
    monkeypatch.setenv("TRINO_URL", "http://ann:secret@127.0.0.1:9")
    assert recording.main() == 1
    told = capsys.readouterr().err
    assert "TRINO_URL" in told
    assert "127.0.0.1:9" in told
    assert "secret" not in told


def test_the_table_is_made_in_the_schema_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nowhere else."""
    with _answering_all() as fake:
        monkeypatch.setenv("TRINO_URL", fake.url)
        monkeypatch.setenv("TRINO_SCHEMA", "mine")
        found = server()
        assert found is not None
        make_clicks(found)
    assert found.catalog == "memory"
    assert fake.statements[0] == "CREATE SCHEMA IF NOT EXISTS mine"
    assert {headers["X-Trino-Schema"] for headers in fake.headers} == {"mine"}
