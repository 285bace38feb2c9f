"""The HTTP endpoint: Athena's JSON 1.1 protocol on 127.0.0.1."""

import json
import logging
import threading
import uuid
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local_aws.athena.api import Api
from local_aws.athena.catalog import Catalog
from local_aws.athena.duck import Database
from local_aws.athena.engine import Engine
from local_aws.athena.errors import ApiError
from local_aws.athena.objects import ObjectStore
from local_aws.athena.prepared import PreparedStatements
from local_aws.athena.requests import Clock
from local_aws.athena.runner import Runner
from local_aws.athena.workgroups import WorkGroups

logger = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_MAX_REQUEST_BYTES = 4 * 1024 * 1024
_CLIENT = Config(max_pool_connections=32, retries={"max_attempts": 3, "mode": "standard"})


class AthenaServer:
    """Athena on a laptop.

    Args:
        session: Credentials and region.
        upstream_url: Endpoint that answers Glue, S3 and the workgroups of Athena; empty for the session's own.
        cache_folder: Copies of S3 objects, spilled data, results for paging; created if absent.
        port: 0 for any that is free.
        memory_limit: Of DuckDB, in its words.
        clock: Gives the time in UTC.
    """

    def __init__(
        self,
        session: boto3.Session,
        upstream_url: str,
        cache_folder: Path,
        port: int = 0,
        *,
        memory_limit: str = "2GB",
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        endpoint = upstream_url or None
        cache_folder = cache_folder.resolve()
        spill = cache_folder / "spill"
        spill.mkdir(parents=True, exist_ok=True)
        self._database = Database(spill, memory_limit)
        catalog = Catalog(session.client("glue", endpoint_url=endpoint, config=_CLIENT))
        self._store = ObjectStore(
            session.client("s3", endpoint_url=endpoint, config=_s3_config(endpoint)), cache_folder
        )
        engine = Engine(self._database, catalog, self._store, cache_folder)
        groups = WorkGroups(session.client("athena", endpoint_url=endpoint, config=_CLIENT))
        prepared = PreparedStatements(clock, groups.get)
        self._runner = Runner(engine, prepared, cache_folder, clock)
        api = Api(self._runner, catalog, groups, prepared, clock)
        self._server = ThreadingHTTPServer((_HOST, port), type("Handler", (_Handler,), {"api": api}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="athena-http", daemon=True
        )

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{_HOST}:{self._server.server_address[1]}"

    def start(self) -> None:
        """Answer requests, on a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering, end running queries, and free everything."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._runner.close()
        self._store.close()
        self._database.close()


def _s3_config(endpoint: str | None) -> Config:
    """An emulator on one host has no names for buckets."""
    return _CLIENT.merge(Config(s3={"addressing_style": "path"})) if endpoint else _CLIENT


def _seconds(value: datetime) -> float:
    """The protocol writes instants as Unix seconds; nothing else that JSON does not know is in an answer."""
    return value.timestamp()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one write: the kernel holds a second small one back for 40 ms
    api: Api

    def do_POST(self) -> None:
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        try:
            answer = self.api.call(operation, self._request())
        except ApiError as error:
            self._send(400, error.describe())
        except Exception as error:
            logger.exception("%s met a fault of the local engine", operation)
            self._send(500, {"__type": "InternalServerException", "Message": f"{type(error).__name__}: {error}"})
        else:
            self._send(200, answer)

    def _request(self) -> dict[str, Any]:
        size = int(self.headers.get("Content-Length") or 0)
        if size > _MAX_REQUEST_BYTES:
            self.close_connection = True
            raise ApiError("request is too large")
        try:
            request = json.loads(self.rfile.read(size) or b"{}")
        except ValueError as error:
            raise ApiError("request is no JSON", "SerializationException") from error
        if not isinstance(request, dict):
            raise ApiError("request is no JSON object", "SerializationException")
        return request

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer, default=_seconds).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives it
        """Queries log themselves."""
