"""The series, labels and published results of the Numenta Anomaly Benchmark, read from one archive.

The archive is numenta/NAB, release 1.1 (MIT): `data/<group>/<file>.csv`, `labels/combined_windows.json`,
`results/<detector>.csv`.
"""

import csv
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.nab_score import Series

ARCHIVE = Path(__file__).parents[1].parent / "shared" / "data" / "nab.tar.xz"
_MICROSECONDS = len("2014-04-01 00:00:00")


@dataclass(frozen=True)
class Nab:
    """The benchmark's data: the series in order of their names, and scores of detectors by name and series."""

    series: list[Series]
    results: dict[str, list[list[float]]]


def read(archive: Path = ARCHIVE) -> Nab:
    """Read everything. Raises `FileNotFoundError` where the archive is not."""
    with tarfile.open(archive) as tar:
        files = {name: tar.extractfile(name) for name in tar.getnames() if name.endswith((".csv", ".json"))}
        texts = {name.partition("/")[2]: file.read().decode() for name, file in files.items() if file}
    windows = json.loads(texts["labels/combined_windows.json"])
    names = sorted(name.removeprefix("data/") for name in texts if name.startswith("data/"))
    series = [_series(name, texts[f"data/{name}"], windows[name]) for name in names]
    results = {Path(name).stem: _result(text, names) for name, text in texts.items() if name.startswith("results/")}
    return Nab(series, results)


def _series(name: str, text: str, windows: list[list[str]]) -> Series:
    rows = list(csv.DictReader(io.StringIO(text)))
    times = [row["timestamp"] for row in rows]
    edges = tuple((times.index(first[:_MICROSECONDS]), times.index(last[:_MICROSECONDS])) for first, last in windows)
    return Series(name, tuple(float(row["value"]) for row in rows), tuple(times), edges)


def _result(text: str, names: list[str]) -> list[list[float]]:
    scores: dict[str, Any] = {name: [] for name in names}
    for row in csv.DictReader(io.StringIO(text)):
        scores[row["file"]].append(float(row["anomaly_score"]))
    return list(scores.values())
