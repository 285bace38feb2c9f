"""dbt, unmodified, builds its models on the local Athena: a seed, a view, a table, one that grows, and their tests."""

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pytest

from local_aws.athena import AthenaServer
from local_aws.ports import HOST, free_port
from local_aws.state import PROJECT_FOLDER

# awswrangler 3.17 on pandas 3 says so itself.
pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")
DBT = PROJECT_FOLDER / ".build" / "dbt"
PROJECT = Path(__file__).parent / "dbt_project"
_LAKE = "clicks"
_START_LIMIT_S = 60.0


@contextmanager
def account(folder: Path) -> Iterator[str]:
    """Serve an AWS account in memory, and give its URL; the emulator of the platform has no versions of tables."""
    url = f"http://{HOST}:{(port := free_port())}"
    with (folder / "moto.log").open("wb") as log:
        process = subprocess.Popen([str(DBT / "bin/moto_server"), "-H", HOST, "-p", str(port)], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + _START_LIMIT_S
        while not _answers(url):
            assert process.poll() is None, (folder / "moto.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/moto-api/") as reply:  # noqa: S310 - 127.0.0.1
            return bool(reply.status == 200)
    except OSError:
        return False


@pytest.fixture
def _endpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The local Athena over an account of its own, named by the environment; boto3 keeps no client of another test."""
    if not (DBT / "installed").exists():
        pytest.skip("dbt is not installed in .build/dbt; run `make test`")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with account(tmp_path) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        server = AthenaServer(boto3.Session(), url, tmp_path / "cache")
        server.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_ATHENA", server.url)
        boto3.client("s3").create_bucket(Bucket=_LAKE)
        wr.catalog.create_database(_LAKE)
        yield
        server.stop()


def build(folder: Path) -> str:
    """Run dbt and return what it prints; it writes into the folder, and sends nothing to anybody."""
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--log-path", str(folder)]
    done = subprocess.run(
        [str(DBT / "bin/dbt"), "build", *places, "--target-path", str(folder / "target")],
        env={**os.environ, "CLICKS_LAKE": _LAKE, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def add_clicks(day: str, *kinds: str) -> None:
    """Add clicks of a day to the source, the last of which has no visitor."""
    visitors = [f"visitor {number}" for number in range(len(kinds) - 1)]
    frame = pd.DataFrame({"visitor": [*visitors, None], "kind": kinds, "happened": pd.Timestamp(day)})
    wr.s3.to_parquet(frame, f"s3://{_LAKE}/clicks/", dataset=True, database=_LAKE, table="clicks")


def rows(sql: str) -> list[list[Any]]:
    """Return the rows of a query."""
    frame = wr.athena.read_sql_query(sql, database=_LAKE, s3_output=f"s3://{_LAKE}/read/", ctas_approach=False)
    return [list(row) for row in frame.itertuples(index=False)]


@pytest.mark.usefixtures("_endpoints")
def test_dbt_builds_models_and_adds_to_one_that_grows(tmp_path: Path) -> None:
    """The second build adds the new day, and leaves the objects of the one before."""
    add_clicks("2026-11-21", "page_view", "page_view", "purchase")
    assert "PASS=7 WARN=0 ERROR=0 SKIP=0" in build(tmp_path)
    assert rows("SELECT label, n FROM kinds ORDER BY 1") == [["View", 2]]
    first = wr.s3.list_objects(f"s3://{_LAKE}/tables/{_LAKE}/days/")

    add_clicks("2026-11-22", "purchase", "page_view")
    assert "PASS=7 WARN=0 ERROR=0 SKIP=0" in build(tmp_path)
    assert rows("SELECT label, n FROM kinds ORDER BY 1") == [["Order", 1], ["View", 2]]
    assert rows("SELECT CAST(day AS varchar), n FROM days ORDER BY 1") == [["2026-11-21", 2], ["2026-11-22", 1]]
    assert set(first) < set(wr.s3.list_objects(f"s3://{_LAKE}/tables/{_LAKE}/days/"))
