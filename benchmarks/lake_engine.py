"""One engine of the lake benchmark in a process of its own: what it cost, and what it wrote."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.tables import RAW_EVENTS

ROOT = Path(__file__).parents[1]
LIMIT_S = 900
"""CPU seconds after which an engine is given up."""
_POSITION = {"epoch", "shard_id", "sequence_number", "sub_sequence"}
_CONTENT = ", ".join(
    f"epoch_us({field.name})" if pa.types.is_timestamp(field.type) else field.name
    for field in RAW_EVENTS.schema
    if field.name not in _POSITION
)
"""Every column that copies of an event have in common."""


@dataclass(frozen=True)
class Engine:
    """One way to do the job. `needs` is a program without which it is skipped."""

    name: str
    title: str
    scope: str
    needs: str = ""


@dataclass(frozen=True)
class Measured:
    """CPU seconds of the whole process with its children, peak memory of the largest of them, and the output."""

    cpu_s: float
    rss_mb: float
    bytes: int
    answer: tuple[int, ...]
    """Rows, distinct ids, sum of hashes: equal for equal content in any order."""


def measured(python: str, engine: Engine, landing: Path, folder: Path, environment: Mapping[str, str]) -> Measured:
    """Run the engine. Raises ValueError with the end of its messages if it fails or uses `LIMIT_S`."""
    out = folder / engine.name / "out"
    out.mkdir(parents=True)
    settings = {**os.environ, **environment, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'streaming_lambdas'}"}
    log = folder / f"{engine.name}.log"
    command = [python, "-m", f"benchmarks.lake_{engine.name}", str(landing), str(out)]
    started = [sys.executable, "-m", "benchmarks.lake_child", str(LIMIT_S), str(log), *command]
    with subprocess.Popen(started, cwd=ROOT, env=settings, stdout=subprocess.PIPE, start_new_session=True) as process:
        said = _said(process)
    if process.returncode:
        messages = log.read_text(encoding="utf-8", errors="replace").strip()
        raise ValueError(f"{engine.title} failed, or needs more than {LIMIT_S} CPU s: {messages[-800:]}")
    size = sum(path.stat().st_size for path in out.rglob("*.parquet"))
    answer = answer_of(out)
    if engine.name != "ours":  # whose files are asked about later
        shutil.rmtree(out.parent)
    return Measured(**json.loads(said), bytes=size, answer=answer)


def answer_of(out: Path) -> tuple[int, ...]:
    """What the data files say, apart from positions."""
    rows = f"FROM read_parquet('{out}/**/*.parquet')"
    statement = f"SELECT COUNT(*), COUNT(DISTINCT event_id), SUM(hash({_CONTENT})::HUGEINT) {rows}"
    found = duckdb.connect().execute(statement).fetchone()
    return tuple(int(number or 0) for number in found or ())


def json_bytes_per_row(path: Path, rows: int = 2_000) -> float:
    """Size of the same events as lines of JSON without nulls, from the first rows of one file."""
    table = pq.read_table(path).slice(0, rows).drop_columns(["epoch", "shard_id", "sequence_number", "sub_sequence"])
    lines = [{name: value for name, value in row.items() if value is not None} for row in table.to_pylist()]
    return sum(len(json.dumps(line, default=str, separators=(",", ":"))) + 1 for line in lines) / len(lines)


def _said(process: subprocess.Popen[bytes]) -> bytes:
    """What the process printed, after its end. Ctrl-C ends it with everything that it started."""
    try:
        said, _ = process.communicate()
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return said
