"""Writers of one Iceberg table that meet, die, or are told nothing: no row is lost, doubled or half changed."""
# ruff: noqa: S608 - statements name the tables of the tests

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
from botocore.client import BaseClient

from tests.aws.athena_lake import finished, reason_of, rows_of, serving, start
from tests.aws.iceberg_tables import CLOCK, content, keys, make_small
from tests.aws.service_faults import Fault, ServiceFaults


@pytest.fixture(autouse=True, scope="module")
def _endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One lake for all: each test names its own tables."""
    with serving(tmp_path_factory.mktemp("cache"), CLOCK):
        yield


@pytest.fixture
def before_commit(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Run a statement to its end just before the first commit of the next one."""
    made = BaseClient._make_api_call  # type: ignore[attr-defined]  # not in the stubs
    waiting: list[str] = []

    def guarded(self: BaseClient, operation: str, arguments: Any) -> Any:
        if operation == "UpdateTable" and waiting:
            rows_of(waiting.pop())
        return made(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", guarded)
    return waiting.append


def test_two_that_insert_at_the_same_moment_both_count(before_commit: Callable[[str], None]) -> None:
    """The one that comes second finds the first one's commit and adds to it."""
    make_small("inserts")
    before_commit("INSERT INTO inserts VALUES ('d', 4)")
    rows_of("INSERT INTO inserts VALUES ('e', 5)")

    assert content("inserts") == ["a1", "b2", "c3", "d4", "e5"]


def test_many_writers_lose_no_row_that_was_acknowledged() -> None:
    """Each of three threads adds rows; what was refused is not there, what was not is there once."""
    make_small("crowd")
    numbers = count(100)
    lock = threading.Lock()
    kept: list[int] = []

    def add(_: int) -> None:
        with lock:
            number = next(numbers)
        status = finished(start(f"INSERT INTO crowd VALUES ('x', {number})"))["Status"]
        if status["State"] == "SUCCEEDED":
            kept.append(number)
        else:
            assert status["StateChangeReason"].startswith("ICEBERG_COMMIT_ERROR: ")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(add, range(12)))

    assert len(kept) >= 3
    assert content("crowd") == ["a1", "b2", "c3", *(f"x{number}" for number in sorted(kept))]


MERGE_NEW = """
    MERGE INTO {t} t USING (VALUES 'z') s(id) ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id, n) VALUES (s.id, 0)
"""
NUMBERS = count()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("UPDATE {t} SET n = 20 WHERE id = 'b'", "DELETE FROM {t} WHERE id = 'b'"),
        ("DELETE FROM {t} WHERE id = 'b'", "UPDATE {t} SET n = 20 WHERE id = 'b'"),
        ("INSERT INTO {t} VALUES ('b', 9)", "DELETE FROM {t} WHERE id = 'b'"),
        ("INSERT INTO {t} VALUES ('z', 9)", MERGE_NEW),
        ("OPTIMIZE {t} REWRITE DATA USING BIN_PACK", "DELETE FROM {t} WHERE id = 'b'"),
    ],
)
def test_one_that_would_undo_another_is_refused(before_commit: Callable[[str], None], first: str, second: str) -> None:
    """The table is as the first one left it, and the second may be run again."""
    table = f"met_{next(NUMBERS)}"
    make_small(table)
    rows_of(f"INSERT INTO {table} VALUES ('b', 8)")
    rows_of(f"ALTER TABLE {table} SET TBLPROPERTIES ('optimize_rewrite_data_file_threshold' = '2')")
    before_commit(first.format(t=table))

    assert reason_of(second.format(t=table)).startswith("ICEBERG_COMMIT_ERROR: ")
    after = content(table)
    twin = f"{table}_twin"
    make_small(twin)
    rows_of(f"INSERT INTO {twin} VALUES ('b', 8)")
    rows_of(f"ALTER TABLE {twin} SET TBLPROPERTIES ('optimize_rewrite_data_file_threshold' = '2')")
    rows_of(first.format(t=twin))
    assert after == content(twin)
    rows_of(second.format(t=table))
    rows_of(second.format(t=twin))
    assert content(table) == content(twin)


def test_changes_in_different_partitions_do_not_meet(before_commit: Callable[[str], None]) -> None:
    """Rows that the condition excludes may be added meanwhile."""
    make_small("apart", "id")
    before_commit("INSERT INTO apart VALUES ('c', 30)")
    rows_of("UPDATE apart SET n = 10 WHERE id = 'a'")
    before_commit("DELETE FROM apart WHERE id = 'c'")
    rows_of("DELETE FROM apart WHERE id = 'b' AND n > 0")

    assert content("apart") == ["a10"]


def test_vacuum_forgets_only_what_is_old() -> None:
    """Young states and their files stay; old ones go with the files that only they name."""
    make_small("aging", "id")
    before = set(keys("aging/data/"))
    rows_of("UPDATE aging SET n = 0 WHERE id = 'a'")
    rows_of("VACUUM aging")
    assert before < set(keys("aging/data/"))
    assert len(rows_of('SELECT snapshot_id FROM "aging$snapshots"')) == 2

    rows_of("ALTER TABLE aging SET TBLPROPERTIES ('vacuum_min_snapshots_to_keep' = '2')")
    CLOCK.ahead = dt.timedelta(days=6)
    rows_of("VACUUM aging")
    assert len(rows_of('SELECT snapshot_id FROM "aging$snapshots"')) == 2
    rows_of("ALTER TABLE aging SET TBLPROPERTIES ('vacuum_min_snapshots_to_keep' = '1')")
    rows_of("VACUUM aging")
    CLOCK.ahead = dt.timedelta()
    assert len(before & set(keys("aging/data/"))) == 2
    assert content("aging") == ["a0", "b2", "c3"]


def test_a_commit_whose_reply_is_lost_counts_once() -> None:
    """The client asks again and is told of a conflict, which is its own."""
    make_small("unanswered")
    with ServiceFaults(Fault.UNANSWERED).active() as faults:
        rows_of("INSERT INTO unanswered VALUES ('n', 0)")
    for number in range(1, faults.requests + 1):
        with ServiceFaults(Fault.UNANSWERED, first=number, count=1).active():
            rows_of(f"INSERT INTO unanswered VALUES ('n', {number})")

    assert content("unanswered") == ["a1", "b2", "c3", *(f"n{number}" for number in range(faults.requests + 1))]
