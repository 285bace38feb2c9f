"""What an account answered, kept as JSON without anything that tells whose account it was.

A transcript says where it was recorded: `aws`, or `local` for the local platform. Those of AWS belong to the folder
beside this module and are made by `make conformance-aws` alone, never by hand.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

Place = Literal["aws", "local"]
FOLDER = Path(__file__).parent / "transcripts"
_ACCOUNT = "000000000000"
_SECRET_LIKE = (
    (re.compile(r"\b\d{12}\b"), _ACCOUNT),
    (re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}"), "<key>"),
    (re.compile(r"\d{8}_\d{6}_\d{5}_\w{5}"), "<query>"),
)


class Recorder:
    """Writes transcripts of one run.

    Attributes:
        place: Where it records.
        folder: Where they go.
    """

    def __init__(self, place: Place, folder: Path, names: Mapping[str, str]) -> None:
        self.place = place
        self.folder = folder
        self._names = names
        """What this run called its resources, and what a transcript calls them."""
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, kind: str, name: str, answer: Mapping[str, Any]) -> None:
        """Keep an answer."""
        when = datetime.now(UTC).date().isoformat()
        told = {"recorded_on": self.place, "date": when, "boto3": version("boto3"), **self.scrubbed(dict(answer))}
        path = self.folder / f"{kind}-{name}.json"
        path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def scrubbed(self, value: Any) -> Any:
        """The value without names of the run, account numbers, keys of access and random ids, at any depth."""
        if isinstance(value, Mapping):
            return {self.scrubbed(name): self.scrubbed(inner) for name, inner in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, str):
            return [self.scrubbed(inner) for inner in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        for name, told in self._names.items():
            text = text.replace(name, told)
        for looks, told in _SECRET_LIKE:
            text = looks.sub(told, text)
        return text


def read(folder: Path, kind: str) -> dict[str, dict[str, Any]]:
    """The transcripts of a kind in a folder, by name."""
    paths = sorted(folder.glob(f"{kind}-*.json"))
    return {path.stem.removeprefix(f"{kind}-"): json.loads(path.read_text(encoding="utf-8")) for path in paths}
