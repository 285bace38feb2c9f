"""Landing objects whose bytes cannot be read: what is merged without them, and where they are kept.

A damaged object must not hold its hour up for ever, and its rows must not vanish from the account: the hour goes on
without it, a copy goes to quarantine, and the rows that the ledger says it holds count as quarantined.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from clickstream.lake.parquet import DamagedFileError
from clickstream.ledger import LandedObject
from clickstream.ports import Bucket

READS = 2
"""A file that cannot be read is downloaded again before it is given up: the damage may be ours."""
T = TypeVar("T")


@dataclass(frozen=True)
class Damage:
    """The objects that could not be read, as (key, key of the copy in quarantine, rows by the ledger)."""

    objects: tuple[tuple[str, str, int], ...] = field(default=())

    @property
    def copies(self) -> dict[str, int]:
        """Rows by the key of the copy."""
        return {copy: rows for _, copy, rows in self.objects}

    @property
    def rows(self) -> int:
        """How many rows are lost to readers."""
        return sum(rows for _, _, rows in self.objects)

    def keep(self, bucket: Bucket) -> None:
        """Copy the objects, which garbage collection removes from landing."""
        for key, copy, _ in self.objects:
            bucket.put(copy, bucket.get(key))


def without_damaged(
    fresh: Sequence[LandedObject],
    merge: Callable[[list[LandedObject], Path], T],
    folder: Path,
    aside: str,
) -> tuple[T, Damage]:
    """Merge what can be read, in a new folder for each try.

    Args:
        fresh: The landing objects to merge.
        merge: Merges some of them with whatever else it merges.
        folder: Where tries get their folders.
        aside: Prefix of the copies.

    Raises:
        DamagedFileError: Something else than a landing object cannot be read; nothing may go on without that.
    """
    failures = Counter[str]()
    while True:
        damaged = [landed for landed in fresh if failures[landed.key] >= READS]
        attempt = folder / str(failures.total())
        attempt.mkdir()
        try:
            merged = merge([landed for landed in fresh if landed not in damaged], attempt)
        except DamagedFileError as error:
            if error.key not in {landed.key for landed in fresh}:
                raise
            failures[error.key] += 1
            shutil.rmtree(attempt)
        else:
            named = ((landed.key, aside + landed.key.rpartition("/")[2], landed.rows) for landed in damaged)
            return merged, Damage(tuple(named))
