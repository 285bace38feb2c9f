"""How far every (mapping, stream, shard) has come, kept on disk.

A stream that is deleted and made anew has the name, the ARN and the shard ids of the old one, and other records: it is
told from the old one by its epoch, the time of its creation.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from local_aws.state import write_atomically


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The position of one mapping in one shard.

    Attributes:
        sequence_number: The last record done or discarded; None before the first.
        start_time: Epoch seconds at which a shard entered by time is read until then; None = from its start.
        done: Records processed.
        discarded: Records given up.
        is_finished: The shard is closed and read to its end.
    """

    sequence_number: str | None = None
    start_time: float | None = None
    done: int = 0
    discarded: int = 0
    is_finished: bool = False

    def advance(self, sequence_number: str, *, done: int = 0, discarded: int = 0) -> "Checkpoint":
        """Move past records that were done or discarded, the last of them at `sequence_number`."""
        return replace(
            self,
            sequence_number=sequence_number,
            done=self.done + done,
            discarded=self.discarded + discarded,
        )


class CheckpointStore:
    """One small file for each (mapping, epoch of its stream, shard), replaced atomically.

    A file is written after the invocation it speaks of: a crash between the two delivers those records again,
    none is ever skipped.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, mapping_uuid: str, epoch: str, shard_id: str) -> Checkpoint | None:
        """Return the checkpoint, or None if the mapping never entered this stream's shard."""
        path = self._path(mapping_uuid, epoch, shard_id)
        return Checkpoint(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None

    def save(self, mapping_uuid: str, epoch: str, shard_id: str, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint."""
        write_atomically(self._path(mapping_uuid, epoch, shard_id), json.dumps(asdict(checkpoint)))

    def knows(self, mapping_uuid: str) -> bool:
        """Tell whether the mapping has entered any shard, of whatever stream."""
        return (self._folder / mapping_uuid).is_dir()

    def _path(self, mapping_uuid: str, epoch: str, shard_id: str) -> Path:
        return self._folder / mapping_uuid / epoch / f"{shard_id}.json"
