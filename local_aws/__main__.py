"""The command line: `python -m local_aws <command>`."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from local_aws.access import Endpoints, isolate_process, local_session, shell_lines, tool_environment
from local_aws.background import is_stale, start_in_background, stop_in_background
from local_aws.deploy import Deployment, deploy
from local_aws.errors import PlatformError
from local_aws.event_source import RunnerOptions
from local_aws.node import find_cdk
from local_aws.progress import load_progress
from local_aws.record import ArrivalRule, arrival_from_partition_key, real_arrival
from local_aws.server import ServerOptions, serve
from local_aws.server_record import load_record, running_server
from local_aws.service_ports import ServicePorts
from local_aws.state import DEFAULT_STATE_FOLDER, StateFolder
from local_aws.status import mappings_table, parts_table
from local_aws.waiting import wait_until_caught_up

ARRIVAL_RULES: dict[str, ArrivalRule] = {"real": real_arrival, "from-partition-key": arrival_from_partition_key}
_console = Console(stderr=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 = it worked, 1 = it did not (the reason is on standard error), 2 = wrong usage."""
    options = _parser().parse_args(arguments)
    isolate_process()
    command: Callable[[StateFolder, argparse.Namespace], int] = options.command
    try:
        return command(StateFolder.at(options.state), options)
    except PlatformError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _serve(state: StateFolder, options: argparse.Namespace) -> int:
    serve(
        state,
        ServerOptions(
            port=options.port,
            athena_port=options.athena_port,
            url_port=options.url_port,
            url_workers=options.url_workers,
            is_persistent=not options.in_memory,
            is_tied_to_parent=options.exit_with_parent,
            runner=RunnerOptions(options.window_s, ARRIVAL_RULES[options.arrival_times]),
        ),
    )
    return 0


def _up(state: StateFolder, options: argparse.Namespace) -> int:
    record = load_record(state)
    if record is not None:
        _console.print(f"The platform is already running in {state.root}.")
    else:
        if is_stale(state):
            _console.print("The last run did not stop cleanly; what it had not saved is lost.")
        with _console.status("starting the emulator, the Athena endpoint and the event source runner"):
            record = start_in_background(state, _serve_arguments(options))
    _print_environment(record.endpoints)
    return 0


def _down(state: StateFolder, options: argparse.Namespace) -> int:
    with _console.status("stopping"):
        was_running = stop_in_background(state)
    _console.print("The platform is stopped." if was_running else "No platform was running.")
    if options.erase:
        state.erase()
        _console.print("Its streams, tables, objects and checkpoints are erased.")
    return 0


def _status(state: StateFolder, _options: argparse.Namespace) -> int:
    record = running_server(state)
    mappings = ServicePorts.connect(local_session(), record.aws_url).mappings()
    output = Console()
    output.print(parts_table(state, record))
    output.print(mappings_table(mappings, load_progress(state.progress_file)))
    return 0


def _wait(state: StateFolder, options: argparse.Namespace) -> int:
    running_server(state)
    progress = wait_until_caught_up(state, _console, timeout_s=options.timeout, patience_s=options.patience)
    done = sum(pump.done for pump in progress.pumps)
    discarded = sum(pump.discarded for pump in progress.pumps)
    print(f"Everything is processed: {done} records done, {discarded} given up.")
    return 0


def _deploy(state: StateFolder, options: argparse.Namespace) -> int:
    record = running_server(state)
    extra = tuple(word for index, word in enumerate(options.cdk_arguments) if index or word != "--")
    deploy(find_cdk(), record.endpoints, state, Deployment(app=options.app, extra=extra), _console)
    print(f"Deployed. Stack outputs: {state.outputs_file}")
    return 0


def _print_environment(endpoints: Endpoints) -> None:
    print(shell_lines(tool_environment(endpoints, os.environ)), end="")


def _serve_arguments(options: argparse.Namespace) -> list[str]:
    words = ["--port", str(options.port), "--athena-port", str(options.athena_port)]
    words += ["--url-port", str(options.url_port), "--url-workers", str(options.url_workers)]
    words += ["--arrival-times", options.arrival_times]
    if options.window_s is not None:
        words += ["--window-s", str(options.window_s)]
    return [*words, "--in-memory"] if options.in_memory else words


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_aws", description="AWS on a laptop, without an account.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="<command>")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--state", type=Path, default=DEFAULT_STATE_FOLDER, metavar="DIR", help="state folder (default: .local_aws)"
    )

    def add(name: str, run: Callable[[StateFolder, argparse.Namespace], int], words: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, parents=[common], help=words, description=words)
        command.set_defaults(command=run)
        return command

    foreground = add("serve", _serve, "run the platform in the foreground until Ctrl-C")
    _add_server_options(foreground)
    foreground.add_argument("--exit-with-parent", action="store_true", help="stop when the starting process ends")
    _add_server_options(add("up", _up, "start the platform in the background and print its environment"))
    down = add("down", _down, "stop the platform")
    down.add_argument("--erase", action="store_true", help="forget streams, tables, objects and checkpoints too")
    deployment = add("deploy", _deploy, "bootstrap and deploy the CDK app to the platform")
    deployment.add_argument(
        "--app", metavar="APP", help="command or folder of a CDK app (default: the one in cdk.json)"
    )
    deployment.add_argument("cdk_arguments", nargs=argparse.REMAINDER, metavar="-- ...", help="words for `cdk deploy`")
    add("status", _status, "show the parts, the mappings and how far they are")
    wait = add("wait", _wait, "wait until everything in the streams is processed")
    wait.add_argument("--timeout", type=float, default=300.0, metavar="S", help="seconds to wait (default: 300)")
    wait.add_argument(
        "--patience", type=float, default=20.0, metavar="S", help="seconds a function may keep failing (default: 20)"
    )
    return parser


def _add_server_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="port of the AWS endpoint (default: the last one, or any)")
    parser.add_argument("--athena-port", type=int, default=0, help="port of the Athena endpoint (default: likewise)")
    parser.add_argument("--url-port", type=int, default=0, help="port of the function URL (default: likewise)")
    parser.add_argument("--url-workers", type=int, default=2, metavar="N", help="processes behind it (default: 2)")
    parser.add_argument("--in-memory", action="store_true", help="keep nothing of the emulator after the stop")
    parser.add_argument("--window-s", type=float, metavar="S", help="upper limit for batching windows, in seconds")
    parser.add_argument(
        "--arrival-times",
        choices=sorted(ARRIVAL_RULES),
        default="real",
        help="which arrival time functions are told: the real one, or the one at the end of the partition key "
        "(…@<epoch milliseconds>), so that a simulated day spans real hours",
    )


if __name__ == "__main__":
    sys.exit(main())
