"""One engine of the lake benchmark in a process of its own: what it cost, and what it wrote."""

import json
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[1]
_CONTENT = (
    "event_id, event_type, epoch_us(event_time), session_id, user_id, page_url, user_agent, country, revenue, "
    "quantity, consent, properties"
)
"""Everything that copies of an event have in common, at least one column of each type."""


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
    """Run the engine. Raises ValueError with the end of its messages if it fails."""
    out = folder / engine.name / "out"
    out.mkdir(parents=True)
    settings = {**os.environ, **environment, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'streaming_lambdas'}"}
    command = [python, "-m", f"benchmarks.lake_{engine.name}", str(landing), str(out)]
    log = folder / f"{engine.name}.log"
    with log.open("wb") as messages:
        process = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=messages, stderr=messages)
        status, usage = _waited(process)
    if status:
        raise ValueError(f"{engine.title} failed: {log.read_text(encoding='utf-8', errors='replace').strip()[-800:]}")
    size = sum(path.stat().st_size for path in out.rglob("*.parquet"))
    answer = answer_of(out)
    if engine.name != "ours":  # whose files are asked about later
        shutil.rmtree(out.parent)
    return Measured(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, size, answer)


def answer_of(out: Path) -> tuple[int, ...]:
    """What the data files say, apart from times and places of delivery."""
    rows = f"FROM read_parquet('{out}/**/*.parquet')"
    statement = f"SELECT COUNT(*), COUNT(DISTINCT event_id), SUM(hash({_CONTENT})::HUGEINT) {rows}"
    found = duckdb.connect().execute(statement).fetchone()
    return tuple(int(number or 0) for number in found or ())


def json_bytes_per_row(path: Path, rows: int = 2_000) -> float:
    """Size of the same events as lines of JSON without nulls, from the first rows of one file."""
    table = pq.read_table(path).slice(0, rows).drop_columns(["epoch", "shard_id", "sequence_number", "sub_sequence"])
    lines = [{name: value for name, value in row.items() if value is not None} for row in table.to_pylist()]
    return sum(len(json.dumps(line, default=str, separators=(",", ":"))) + 1 for line in lines) / len(lines)


def _waited(process: subprocess.Popen[bytes]) -> tuple[int, resource.struct_rusage]:
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except KeyboardInterrupt:
        process.send_signal(signal.SIGTERM)
        process.wait()
        raise
    return status, usage
