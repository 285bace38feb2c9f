"""The state folder: where everything a running platform leaves on disk lives."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

PROJECT_FOLDER = Path(__file__).resolve().parents[1]
DEFAULT_STATE_FOLDER = PROJECT_FOLDER / ".local_aws"


@dataclass(frozen=True, slots=True)
class StateFolder:
    """Names of the files below one state folder; two platforms never share one.

    Attributes:
        root: The folder itself, absolute.
    """

    root: Path

    @classmethod
    def at(cls, path: Path) -> "StateFolder":
        """Use (and create) the folder at `path`."""
        state = cls(path.resolve())
        for folder in (state.root, state.log_folder, state.temp_folder):
            folder.mkdir(parents=True, exist_ok=True)
        return state

    @property
    def environment_file(self) -> Path:
        """Shell lines that point AWS tools at the platform."""
        return self.root / "env"

    @property
    def server_file(self) -> Path:
        """What the running server says about itself."""
        return self.root / "server.json"

    @property
    def lock_file(self) -> Path:
        """Locked for as long as a server lives, however it ends."""
        return self.root / "lock"

    @property
    def ports_file(self) -> Path:
        """Ports of the last run, taken again when they are free."""
        return self.root / "ports.json"

    @property
    def progress_file(self) -> Path:
        """What the event source runner has done so far."""
        return self.root / "progress.json"

    @property
    def outputs_file(self) -> Path:
        """Stack outputs of the last deployment."""
        return self.root / "outputs.json"

    @property
    def assembly_folder(self) -> Path:
        """What the last deployment was synthesised to."""
        return self.root / "cdk.out"

    @property
    def log_folder(self) -> Path:
        """Log files of the server, the emulator and deployments."""
        return self.root / "logs"

    @property
    def data_folder(self) -> Path:
        """What the emulator keeps from one run to the next."""
        return self.root / "data"

    @property
    def checkpoint_folder(self) -> Path:
        """Positions of the event source runner."""
        return self.root / "checkpoints"

    @property
    def athena_folder(self) -> Path:
        """Cache of the Athena endpoint."""
        return self.root / "athena"

    @property
    def temp_folder(self) -> Path:
        """Temporary files of the emulator and its functions; emptied at every start."""
        return self.root / "tmp"

    def empty_temp_folder(self) -> None:
        """Drop what a killed run left behind."""
        shutil.rmtree(self.temp_folder, ignore_errors=True)
        self.temp_folder.mkdir(parents=True)

    def erase(self) -> None:
        """Forget streams, tables, objects, checkpoints, deployments and logs; the next start is a first start."""
        runs = (self.data_folder, self.checkpoint_folder, self.athena_folder, self.temp_folder)
        for folder in (*runs, self.assembly_folder, self.log_folder):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.environment_file, self.server_file, self.progress_file, self.outputs_file):
            file.unlink(missing_ok=True)


def write_atomically(path: Path, text: str) -> None:
    """Replace a file so that a reader, or a crash, sees the old or the new text and nothing between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(temporary).replace(path)
