"""Erase people from the lake, and prove it.

    python -m batch_jobs.erase_events --stack clickstream-local --user 4711 [--anonymous A] [--session S]

Asks for the erasure of a person, if one is named, and works on every request that is not done, as the hourly step does.
All that is named in one call is one person; a user id is as the producer sends it. One JSON line per request goes to
standard output, and a record without any id to `_erasures/` of the lake's bucket.
"""

import argparse
import json
import sys
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import boto3
import msgspec

from aws_stores import CONFIG, DynamoTable, S3Bucket, call
from batch_jobs import lake_arguments, stack
from batch_jobs.command_line import interruptible
from batch_jobs.lake_interval import instant
from batch_jobs.queries import Guard
from batch_jobs.steps import COMMON_ARGUMENTS
from clickstream.enrichment.pseudonyms import Pseudonym
from clickstream.errors import ClickstreamError, ConfigError
from clickstream.lake import file_shapes
from clickstream.lake.erasing import Places, Verify, erase
from clickstream.lake.erasure_records import Record
from clickstream.lake.erasure_requests import Request, ask
from clickstream.lake.generations import newest_keys
from clickstream.lake.statements import read_statement
from clickstream.lake.tombstones import Name
from clickstream.lake.work import Lake

SQL = Path(__file__).parents[1] / "sql"
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_NAMES = ("bucket", "database", "workgroup", "ledger-table", "session-metrics-table", "anomalies-table")
_FAILURES = "failure-bucket"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the job. 0: no request failed, though some may wait; 1: something failed; 2: wrong usage, nothing done."""
    options = _parser().parse_known_args(argv)[0]
    try:
        places = _places(options)
        if any(given := (options.user, options.anonymous, options.session)):
            _ask(places, options, [len(values) for values in given])
        return _run(places, options)
    except ClickstreamError as error:
        print(f"erase_events: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1


def _run(places: Places, options: argparse.Namespace) -> int:
    failed = 0
    for found in erase(places, _verifier(places.lake, options)):
        if isinstance(found, Record):
            print(json.dumps(_line(found)), flush=True)
        elif found.result == "failed":
            failed += 1
            print(f"erase_events: {found.hour} failed: {found.problem}", file=sys.stderr)
    return 1 if failed else 0


def _line(record: Record) -> dict[str, object]:
    counts = ("events", "session_items", "anomalies", "bad_events", "query_results")
    files = {name: len(getattr(record, name)) for name in ("removed", "written", "reports", "unreadable")}
    line: dict[str, object] = {"job": "erase_events", "request": record.request_id, "state": record.state}
    return line | {name: getattr(record, name) for name in counts} | files | {"waiting": list(record.waiting)}


def _ask(places: Places, options: argparse.Namespace, counts: list[int]) -> None:
    """Store the request under a new number."""
    now = places.lake.clock()
    if options.until and options.until > now:
        raise ConfigError(f"--until {options.until} is in the future: nobody knows what will happen then")
    pseudonyms = [Name("user_id", key.of(user)) for key in _keys(options) for user in options.user]
    given = (("user_id", options.user), ("anonymous_id", options.anonymous), ("session_id", options.session))
    names = (*pseudonyms, *(Name(kind, value) for kind, values in given for value in values))
    request = Request(
        request_id=uuid.uuid4().hex,
        names=names,
        texts=tuple(sorted({name.value for name in names})),
        request_time=_whole_ms(options.until or now),
    )
    ask(places.requests, request)
    print(json.dumps({"job": "erase_events", "request": request.request_id, "state": "asked", "ids": sum(counts)}))


def _keys(options: argparse.Namespace) -> Iterator[Pseudonym]:
    """Every key that the secret holds or held: old rows carry pseudonyms of old keys."""
    if not options.user:
        return
    from aws_processor import PseudonymSecret, settings_of  # what it is made of is not part of the Glue environment

    if not options.stack:
        raise ConfigError("--user needs --stack, whose secret holds the keys of the pseudonyms")
    secret = settings_of(stack.outputs(options.stack)["ProcessEventsFunctionName"]).pseudonym_secret
    if not secret:
        return
    client = boto3.client("secretsmanager", config=CONFIG)
    listed = call(client.list_secret_version_ids, SecretId=secret, IncludeDeprecated=True)["Versions"]
    for version in listed:
        reply = call(client.get_secret_value, SecretId=secret, VersionId=version["VersionId"])
        try:
            found = msgspec.json.decode(reply.get("SecretString", ""), type=PseudonymSecret)
        except msgspec.DecodeError as error:
            raise ConfigError(f"version {version['VersionId']} of the secret {secret} holds no key: {error}") from error
        yield Pseudonym(found.key_id, found.key.encode())


def _verifier(lake: Lake, options: argparse.Namespace) -> Verify:
    """Asks the query engine over all hours for rows of the person, by digest."""

    def verify(request: Request) -> dict[str, int]:
        statement = read_statement(options.sql / "erased_events.sql")
        guard = Guard(options.database, options.workgroup)
        hours, counts = list(newest_keys(lake.bucket)), dict.fromkeys((name.kind for name in request.names), 0)
        for name in request.names if hours else ():
            answer = guard.ask(
                statement, hours, {"start": EARLIEST, "end": request.request_time, "digest": name.digest}
            )
            counts[name.kind] += int(answer.rows()[0]["events"])
        return counts

    return verify


def _places(options: argparse.Namespace) -> Places:
    given = {name: getattr(options, name.replace("-", "_")) for name in (*_NAMES, _FAILURES)}
    for name, value in stack.complete(given, options.stack).items():
        setattr(options, name.replace("-", "_"), value)
    if options.stack:
        # By hand nobody says what the schedule is told: hours past their retention are not to be made anew.
        found = stack.outputs(options.stack)
        options.raw_events_days = int(found.get("RawEventsRetentionDays", 0))
        options.masked_tables = found.get("MaskedTables", "off")
        options.landing_days = int(found.get("LandingRetentionDays", options.landing_days))
        options.file_shape = file_shapes.parse(found.get("FileShape", "{}"))
    return Places(
        lake=lake_arguments.lake(options),
        requests=DynamoTable(options.ledger_table),
        session_metrics=DynamoTable(options.session_metrics_table),
        anomalies=DynamoTable(options.anomalies_table),
        failures=S3Bucket(options.failure_bucket),
    )


def _whole_ms(instant: datetime) -> datetime:
    """The instant in milliseconds, rounded down: queries compare no finer."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _id(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("an id must not be empty")
    return text


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m batch_jobs.erase_events", description=__doc__, allow_abbrev=False)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--stack", help="read what is not given below from the outputs of this stack")
    for name in (*_NAMES, _FAILURES):
        made.add_argument(f"--{name}", help=f"stack output {COMMON_ARGUMENTS[name]}")
    for kind, meaning in (("user", "user id, as sent"), ("anonymous", "anonymous_id"), ("session", "session_id")):
        made.add_argument(f"--{kind}", nargs="+", type=_id, default=[], metavar="ID", help=f"{meaning} of the person")
    made.add_argument("--until", type=instant, metavar="TIME", help="erase events up to then; default now")
    made.add_argument("--now", type=instant, metavar="TIME", help="work as if it were this time")
    lake_arguments.add_shape(made)
    lake_arguments.add_masked(made)
    lake_arguments.add_retention(made)
    made.add_argument("--sql", type=Path, default=SQL, metavar="FOLDER", help="folder of the statements")
    return made


if __name__ == "__main__":
    sys.exit(interruptible(main))
