"""A writer of an Iceberg table, killed before and after each of its writing calls; VACUUM takes what it left."""
# ruff: noqa: S608 - statements name the tables of the tests

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from botocore.client import BaseClient

from tests.aws.athena_lake import BUCKET, rows_of, serving, start
from tests.aws.iceberg_tables import CLOCK, content, keys, make_small


@pytest.fixture(autouse=True, scope="module")
def _endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One lake for all: each test names its own tables."""
    with serving(tmp_path_factory.mktemp("cache"), CLOCK):
        yield


MERGE_BOTH = """
    MERGE INTO {t} t USING (VALUES ('a', 0), ('d', 4)) s(id, n) ON t.id = s.id
    WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id, n) VALUES (s.id, s.n)
"""
STATEMENTS = [
    ("INSERT INTO {t} VALUES ('d', 4)", ["a1", "b2", "c3", "d4"]),
    ("UPDATE {t} SET n = n * 10 WHERE n > 1", ["a1", "b20", "c30"]),
    (MERGE_BOTH, ["b2", "c3", "d4"]),
]


class Dead(BaseException):
    """The process ends here; nothing catches it."""


class Killer:
    """Kills the writer at one of its calls that write, before or after it takes effect."""

    def __init__(self, at_call: int, *, takes_effect: bool) -> None:
        self._at_call, self._takes_effect = at_call, takes_effect
        self._lock = threading.Lock()
        self.calls = 0

    def call(self, made: Callable[..., Any], client: BaseClient, operation: str, arguments: Any) -> Any:
        """Make one call, or die; after a death no other thread of the writer writes either."""
        with self._lock:
            self.calls += 1
            if self.calls - 1 < self._at_call:
                return made(client, operation, arguments)
            if self.calls - 1 == self._at_call and self._takes_effect:
                made(client, operation, arguments)
            raise Dead


@pytest.mark.parametrize(
    ("statement", "done"),
    [
        pytest.param(*STATEMENTS[0], marks=pytest.mark.long),
        pytest.param(*STATEMENTS[1], marks=pytest.mark.long),
        pytest.param(*STATEMENTS[2]),
    ],
    ids=["insert", "update", "merge"],
)
def test_a_killed_writer_leaves_the_table_as_it_was_or_as_it_would_be(
    monkeypatch: pytest.MonkeyPatch, statement: str, done: list[str], request: pytest.FixtureRequest
) -> None:
    """Whatever call it dies at; the next writer goes on from there, and VACUUM takes what was left."""
    made = BaseClient._make_api_call  # type: ignore[attr-defined]  # not in the stubs
    armed: list[Killer] = []

    def guarded(self: BaseClient, operation: str, arguments: Any) -> Any:
        writes = armed and operation.startswith(("Put", "Update", "Delete"))
        return armed[0].call(made, self, operation, arguments) if writes else made(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", guarded)
    seen: list[list[str]] = []
    for takes_effect in (False, True):
        for at_call in count():
            table = f"killed_{request.node.callspec.id}_{len(seen)}"
            make_small(table)
            killer = Killer(at_call, takes_effect=takes_effect)
            armed.append(killer)
            start(statement.format(t=table))
            armed.clear()
            seen.append(content(table))
            if killer.calls <= at_call:
                break
            rows_of(f"INSERT INTO {table} VALUES ('z', 26)")
            _clean(table)
            assert content(table) == [*seen[-1], "z26"]

    assert len(seen) > 12
    assert {tuple(rows) for rows in seen} == {("a1", "b2", "c3"), tuple(done)}


def _clean(table: str) -> None:
    """Days later, nothing is left that the newest state does not name."""
    CLOCK.ahead = dt.timedelta(days=30)
    rows_of(f"VACUUM {table}")
    CLOCK.ahead = dt.timedelta()
    named = {row[0] for row in rows_of(f'SELECT file_path FROM "{table}$files"')}
    assert {f"s3://{BUCKET}/{key}" for key in keys(f"{table}/data/")} == named
    assert len(rows_of(f'SELECT snapshot_id FROM "{table}$snapshots"')) == 1
