"""Two hours beside each other: whether one must yield events to the other, told by their ids alone."""

import tempfile
from pathlib import Path

from clickstream.lake.downloads import downloaded, files_of
from clickstream.lake.duplicates import may_share
from clickstream.lake.generations import Generation
from clickstream.ports import Bucket


def are_apart(bucket: Bucket, newest: Generation, before: Generation) -> bool:
    """Whether certainly no event_id is in both: then nothing need be merged.

    Raises `LakeError` if a file is missing or damaged.
    """
    with tempfile.TemporaryDirectory(prefix="neighbours-") as name:
        folder = Path(name)
        ours = downloaded(bucket, files_of(newest), folder / "ours")
        return not may_share(ours, downloaded(bucket, files_of(before), folder / "before"))
