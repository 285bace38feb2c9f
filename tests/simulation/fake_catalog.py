"""The catalog in memory, as lax as Glue: whoever writes last is right, no version is compared."""

from collections.abc import Iterator

from clickstream.errors import Conflict, InfrastructureError
from clickstream.lake.catalog import Partition


class MemoryCatalog:
    """Partitions by (table, hour); see `clickstream.lake.catalog.Catalog`."""

    def __init__(self) -> None:
        self.partitions: dict[tuple[str, str], Partition] = {}

    def get(self, table: str, hour: str) -> Partition | None:
        """The partition, or None."""
        return self.partitions.get((table, hour))

    def list(self, table: str) -> Iterator[Partition]:
        """All partitions of the table."""
        return iter([found for (name, _), found in self.partitions.items() if name == table])

    def create(self, table: str, partition: Partition) -> None:
        """Add it; raise `Conflict` if the hour has one."""
        if (table, partition.hour) in self.partitions:
            raise Conflict("AlreadyExistsException")
        self.partitions[table, partition.hour] = partition

    def update(self, table: str, partition: Partition) -> None:
        """Replace the hour's partition, which must exist."""
        if (table, partition.hour) not in self.partitions:
            raise InfrastructureError("EntityNotFoundException")
        self.partitions[table, partition.hour] = partition
