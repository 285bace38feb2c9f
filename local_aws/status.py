"""A look at a running platform: its parts, its mappings and how far they are."""

from rich.table import Column, Table

from local_aws.mapping import EventSourceMapping
from local_aws.progress import PumpProgress, RunnerProgress
from local_aws.server_record import ServerRecord
from local_aws.state import StateFolder


def parts_table(state: StateFolder, record: ServerRecord) -> Table:
    """List the parts and where they are."""
    table = Table("part", "where", title="platform")
    table.add_row("AWS endpoint", record.aws_url)
    table.add_row("Athena endpoint", record.athena_url)
    table.add_row("collector", record.collector_url)
    table.add_row("process", str(record.pid))
    table.add_row("environment", f"source {state.environment_file}")
    table.add_row("logs", str(state.log_folder))
    return table


def mappings_table(mappings: tuple[EventSourceMapping, ...], progress: RunnerProgress) -> Table:
    """List every mapping and shard with its counts; backlog is what was read and not settled."""
    known = {mapping.uuid: mapping for mapping in mappings}
    names = [Column(name, overflow="fold") for name in ("stream", "function", "shard")]
    table = Table(
        *names, "done", "given up", "backlog", Column("state", overflow="fold"), title="event source mappings"
    )
    for pump in sorted(progress.pumps, key=lambda pump: (pump.stream_name, pump.function_name, pump.shard_id)):
        mapping = known.get(pump.mapping_uuid)
        counts = (str(pump.done), str(pump.discarded), str(pump.backlog))
        table.add_row(pump.stream_name, pump.function_name, pump.shard_id[-4:], *counts, _state(pump))
        if mapping and mapping.ignored_settings:
            table.add_row("", "", "", "", "", "", f"not applied here: {', '.join(mapping.ignored_settings)}")
    if not progress.pumps:
        table.add_row("(none)", "", "", "", "", "", "")
    return table


def _state(pump: PumpProgress) -> str:
    if pump.is_finished:
        return "shard closed"
    if pump.failing_since_time is not None:
        return f"failing ({pump.failures}): {pump.last_error}"
    return "idle" if pump.backlog == 0 else "working"
