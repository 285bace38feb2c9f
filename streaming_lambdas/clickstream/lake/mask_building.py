"""From a generation of `raw_events` or `sessions` to the masked copy of it: read some columns, replace, commit, point.

Nothing but the commit decides: a run may die anywhere, be started twice, or come back late.
"""

import tempfile
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from clickstream.errors import ClickstreamError, LakeError
from clickstream.lake.commit_log import partition_in
from clickstream.lake.file_shapes import PAGE_ROWS
from clickstream.lake.garbage import Grace
from clickstream.lake.generations import OutputFile
from clickstream.lake.masked_log import MaskedGeneration, Plan, log_of, origin_of, outliving, unfinished_partitions
from clickstream.lake.masking import MASKINGS, RULES, Masking, Salt, salt_of
from clickstream.lake.parquet import DamagedFileError
from clickstream.lake.replaced import collect_replaced
from clickstream.lake.work import Lake

Result = Literal["masked", "pointed", "overtaken", "failed"]
_RANDOM = ("session_key", "visitor_key", "order_key")
_TIMES = ("event_time", "received_time", "start_time", "end_time")


@dataclass(frozen=True)
class Outcome:
    """What became of one partition of a masked table."""

    table: str
    partition: str
    result: Result
    generation: MaskedGeneration | None = None
    problem: str = ""


def mask_tables(lake: Lake) -> Iterator[Outcome]:
    """Bring every masked table up to its origin. A partition that fails does not stop the others."""
    for masking in MASKINGS:
        yield from mask_partitions(lake, unfinished_partitions(lake, masking))


def mask_partitions(lake: Lake, plans: Iterable[Plan]) -> Iterator[Outcome]:
    """Mask each partition, or only repair its pointer if nothing else is wrong."""
    for plan in plans:
        try:
            yield _point(lake, plan, "pointed") if plan.is_current else _mask(lake, plan)
        except ClickstreamError as error:
            yield Outcome(plan.masking.target.name, plan.partition, "failed", problem=str(error))


def collect_masked(lake: Lake, grace: Grace | None = None) -> int:
    """Remove the masked files that others replaced; returns how many.

    After the grace, or at once where a copy outlives what it was made of: somebody may have been erased from that.
    """
    urgent = {partition_in(key) for key in outliving(lake.bucket)}
    logs = (log_of(masking.target.name) for masking in MASKINGS)
    return sum(collect_replaced(lake, log, grace, urgent.__contains__) for log in logs)


def remove_masked(lake: Lake) -> int:
    """Remove every masked file, where masking was turned off: nothing would erase people from them. How many."""
    keys = [entry.key for masking in MASKINGS for entry in lake.bucket.list(f"{masking.target.name}/")]
    for key in keys:
        lake.bucket.delete(key)
    return len(keys)


def _mask(lake: Lake, plan: Plan) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="masked-") as name:
        generation = _publish(lake, plan, Path(name))
    if not log_of(generation.table).commit(lake.bucket, generation):
        return Outcome(generation.table, plan.partition, "overtaken")
    return _point(lake, plan, "masked")


def _point(lake: Lake, plan: Plan, result: Result) -> Outcome:
    table = plan.masking.target.name
    return Outcome(table, plan.partition, result, log_of(table).point(lake, plan.partition))


def _publish(lake: Lake, plan: Plan, folder: Path) -> MaskedGeneration:
    """Write and upload a masked file for each of the origin, and draw up the commit."""
    origin = origin_of(lake.bucket, plan)
    salt = salt_of(lake.bucket, plan.partition.partition("T")[0])
    drawn = MaskedGeneration(
        table=plan.masking.target.name,
        generation=plan.number + 1,
        run_id=uuid.uuid4().hex[:12],
        partition=plan.partition,
        source=origin.generation,
        rules=RULES,
        outputs=(),
        rows=sum(output.rows for output in origin.outputs),
        written_time=lake.clock(),
        code_version=lake.code_version,
    )
    copy, masked, outputs = folder / "origin.parquet", folder / "masked.parquet", []
    for number, output in enumerate(origin.outputs):
        lake.bucket.download(output.key, copy)
        rows = _written(plan.masking, salt, output.key, copy, masked)
        if rows != output.rows:
            raise LakeError(f"{output.key} holds {rows:,} rows, its commit says {output.rows:,}: make the hour anew")
        key = f"{drawn.folder}part-{number}.parquet"
        lake.bucket.upload(masked, key)
        outputs.append(OutputFile(key, rows, masked.stat().st_size))
    return msgspec.structs.replace(drawn, outputs=tuple(outputs))


def _written(masking: Masking, salt: Salt, key: str, origin: Path, path: Path) -> int:
    """Write the masked rows of a file in its row groups and in its order; how many."""
    rows = 0
    try:
        file = pq.ParquetFile(origin)
        present = [name for name in masking.columns if name in file.schema_arrow.names]
        dictionaries = [name for name in present if masking.origin.schema.field(name).type == pa.string()]
        file = pq.ParquetFile(origin, read_dictionary=dictionaries)
        with pq.ParquetWriter(path, masking.schema, **_options(masking)) as writer:
            for number in range(file.num_row_groups):
                found = masking.apply(file.read_row_group(number, columns=present, use_threads=False), salt)
                writer.write_table(found, row_group_size=max(len(found), 1))
                rows += len(found)
    except (pa.ArrowException, OSError) as error:
        raise DamagedFileError(key, f"cannot be masked: {error}") from error
    return rows


def _options(masking: Masking) -> dict[str, Any]:
    """As the origin's files are written: what clusters has bounds, random digits get the lowest level."""
    names = masking.target.schema.names
    return {
        "compression": "zstd",
        "compression_level": {name: 1 if name in _RANDOM else 3 for name in names},
        "use_dictionary": [name for name in names if name not in _TIMES],
        "column_encoding": {name: "DELTA_BINARY_PACKED" for name in names if name in _TIMES},
        "write_statistics": [name for name in names if name not in _RANDOM],
        "write_page_index": True,
        "write_batch_size": PAGE_ROWS,
        "data_page_size": PAGE_ROWS,
        "store_schema": False,
    }
