"""Training on this machine: the script runs in an environment that has scikit-learn, on a copy of the features."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_jobs import session_features
from clickstream.errors import ConfigError
from clickstream.ports import Bucket

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "notebooks" / "train_session_model.py"
PYTHON = ROOT / ".build" / "notebooks" / "bin" / "python"


@dataclass(frozen=True)
class TrainingHere:
    """Runs the script with `python`; `words` are its options."""

    python: Path
    words: Sequence[str]

    def fit(self, bucket: Bucket, files: Sequence[str], run_id: str, made: Path) -> None:  # noqa: ARG002  any trainer's
        """Leave the script's files in the folder `made`.

        Raises `ConfigError` if the script refuses the sessions or cannot be run.
        """
        with tempfile.TemporaryDirectory(prefix="sessions-") as name:
            for number, path in enumerate(session_features.downloaded(bucket, files)):
                shutil.copyfile(path, Path(name, f"{number}.parquet"))
            command = [str(self.python), str(SCRIPT), "--train", name, "--model-dir", str(made), *self.words]
            try:
                done = subprocess.run(command, capture_output=True, text=True, check=False)
            except OSError as error:
                raise ConfigError(
                    f"{self.python} cannot be run ({error}): name a Python with scikit-learn, or use `make train`"
                ) from error
        if done.returncode:
            raise ConfigError(f"the script ended with {done.returncode}: {done.stderr.strip()[-500:]}")
