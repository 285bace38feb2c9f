"""Tables that are made of the lake's generations: what their own generations say, the log of these, and the pointers.

So are `sessions`, `session_scores` and the masked tables. `raw_events`, of which they are made, has `generations.py`.
"""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from clickstream.lake.catalog import swap, uri
from clickstream.lake.commit_log import CommitLog, CommitT
from clickstream.lake.generations import OutputFile
from clickstream.lake.work import Lake
from clickstream.ports import Bucket
from clickstream.tables import hour_folder


class MadeGeneration(msgspec.Struct, frozen=True, kw_only=True):
    """One state of one partition of such a table."""

    generation: int
    """1 for the first."""
    run_id: str
    outputs: tuple[OutputFile, ...]
    written_time: datetime
    code_version: str


@dataclass(frozen=True)
class TableLog(CommitLog[CommitT]):
    """The commits of a table, and the pointers that follow them."""

    table: str

    def newest_of_each(self, bucket: Bucket, first: str = "") -> dict[str, CommitT]:
        """The newest generation of every partition from `first` on, oldest partition first."""
        keys = self.newest_keys(bucket)
        wanted = [partition for partition in sorted(keys) if partition >= first]
        return dict(zip(wanted, self.read_all(bucket, [keys[partition] for partition in wanted]), strict=True))

    def pointers(self, lake: Lake) -> dict[str, str]:
        """The URI that the catalog names for every partition that it knows."""
        return {found.hour: found.location for found in lake.catalog.list(self.table)}

    def point(self, lake: Lake, partition: str) -> CommitT:
        """Make readers see the newest generation of the partition, and return that; see `catalog.swap`."""
        now = lake.clock()
        return swap(lake.catalog, lake.bucket, self.table, partition, lambda: self.newest(lake.bucket, partition), now)

    def mend(self, lake: Lake, first: str, *, is_forced: bool = False) -> int:
        """Point every partition from `first` on to its newest generation. Returns how many were written."""
        pointers = self.pointers(lake)
        newest = self.newest_of_each(lake.bucket, first)
        wrong = [one for one in newest if is_forced or pointers.get(one) != uri(lake.bucket, newest[one].folder)]
        for partition in wrong:
            self.point(lake, partition)
        return len(wrong)


def data_folder(table: str, partition: str, generation: int, run_id: str) -> str:
    """Prefix under which one run writes the data files of one generation of a partition."""
    return f"{table}/{hour_folder(partition)}/g={generation:06}-{run_id}/"
