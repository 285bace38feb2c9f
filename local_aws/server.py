"""The platform in the foreground: emulator, Athena endpoint, event source runner and function URL, as one."""

import logging
import os
import signal
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from local_aws.access import Endpoints, local_session, shell_lines, tool_environment
from local_aws.emulator import Emulator
from local_aws.errors import PlatformError
from local_aws.event_source import EventSourceRunner, RunnerOptions
from local_aws.function_url import FunctionUrl
from local_aws.ports import choose_port, load_ports, save_ports
from local_aws.server_record import ServerRecord, save_record, server_lock
from local_aws.service_ports import ServicePorts
from local_aws.state import StateFolder, write_atomically

_LOOK_INTERVAL_S = 0.2
_PUMP_GRACE_S = 10.0


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How a platform is started.

    Attributes:
        port: Port of the emulator; 0 for the last one or any free one.
        athena_port: The same for the Athena endpoint.
        url_port: The same for the function URL.
        url_workers: Processes that run the function with a URL, each one invocation at a time.
        is_persistent: Streams, tables and objects survive a stop.
        is_tied_to_parent: Stop when the process that started this one ends.
        runner: Options of the event source runner.
    """

    port: int = 0
    athena_port: int = 0
    url_port: int = 0
    url_workers: int = 2
    is_persistent: bool = True
    is_tied_to_parent: bool = False
    runner: RunnerOptions = field(default_factory=RunnerOptions)


def serve(state: StateFolder, options: ServerOptions) -> None:
    """Run the platform until SIGINT, SIGTERM or (if tied) the end of the parent; leaves no process behind.

    Raises:
        PlatformError: Another one runs here, a port is taken, or the emulator does not start or dies.
    """
    stop = _stop_event()
    parent = os.getppid()
    with server_lock(state), ExitStack() as parts:
        parts.callback(_withdraw, state)
        emulator, watched, endpoints = _start(state, options, parts)
        _announce(state, endpoints)
        while not stop.wait(_LOOK_INTERVAL_S):
            if not emulator.is_running:
                raise PlatformError(emulator.end_message())
            for name, part in watched.items():
                if not part.is_running:
                    raise PlatformError(f"The {name} stopped unexpectedly; its last words are above.")
            if options.is_tied_to_parent and os.getppid() != parent:
                return


def _start(
    state: StateFolder, options: ServerOptions, parts: ExitStack
) -> tuple[Emulator, dict[str, EventSourceRunner | FunctionUrl], Endpoints]:
    """Start all parts, and leave with `parts` how they are stopped, in reverse order."""
    state.empty_temp_folder()
    _log_to(state.log_folder / "event_source.log", parts)
    last = load_ports(state.ports_file)
    port = choose_port(options.port, last.get("aws"))
    athena_port = choose_port(options.athena_port, last.get("athena"))
    emulator = Emulator(state, port, is_persistent=options.is_persistent)
    parts.callback(emulator.stop)
    emulator.start()
    # Imported only here, while the emulator starts: its SQL engine takes a second, which other commands need not pay.
    from local_aws.athena import AthenaServer

    emulator.await_healthy()
    athena = AthenaServer(local_session(), emulator.url, state.athena_folder, port=athena_port)
    athena.start()
    parts.callback(athena.stop)
    url_port = choose_port(options.url_port, last.get("url"))
    function_url = FunctionUrl(local_session(), emulator.url, state, port=url_port, workers=options.url_workers)
    function_url.start()
    parts.callback(function_url.stop)
    save_ports(state.ports_file, {"aws": port, "athena": athena_port, "url": url_port})
    runner = EventSourceRunner(ServicePorts.connect(local_session(), emulator.url), state, options.runner)
    runner.start()
    parts.callback(runner.stop, grace_s=_PUMP_GRACE_S)
    watched: dict[str, EventSourceRunner | FunctionUrl] = {"event source runner": runner, "function URL": function_url}
    return emulator, watched, Endpoints(emulator.url, athena.url, function_url.url)


def _announce(state: StateFolder, endpoints: Endpoints) -> None:
    write_atomically(state.environment_file, shell_lines(tool_environment(endpoints, os.environ)))
    save_record(state, ServerRecord(os.getpid(), endpoints.aws_url, endpoints.athena_url, endpoints.collector_url))
    where = f"AWS {endpoints.aws_url}  Athena {endpoints.athena_url}  collector {endpoints.collector_url}"
    print(f"ready: {where}", flush=True)
    print(f"use it with: source {state.environment_file}", flush=True)


def _withdraw(state: StateFolder) -> None:
    state.server_file.unlink(missing_ok=True)
    state.environment_file.unlink(missing_ok=True)


def _stop_event() -> Event:
    stop = Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stop.set())
    return stop


def _log_to(path: Path, parts: ExitStack) -> None:
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("local_aws")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    parts.callback(handler.close)
    parts.callback(logger.removeHandler, handler)
