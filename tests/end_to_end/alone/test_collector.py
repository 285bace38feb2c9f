"""Requests to the deployed collector over HTTP, resends among them: every event is counted and stored exactly once."""

import gzip
import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import boto3

from aws_stores import DynamoTable
from local_aws.access import Endpoints
from local_aws.state import StateFolder
from tests.end_to_end.started_platform import command

STACK = ("--stack", "clickstream-local")
SENDERS, REQUESTS, EVENTS = 4, 10, 5
_START_LIMIT_S = 60.0


class Sender:
    """A client of the collector that sends until it is told that its events are taken, and some of them twice."""

    def __init__(self, url: str, number: int) -> None:
        self.number, self._address = number, str(urlsplit(url).netloc)
        self._connection = http.client.HTTPConnection(self._address, timeout=30)

    def send(self) -> set[str]:
        """Send all requests; the ids of their events."""
        sent = set()
        with closing(self._connection):
            for request in range(REQUESTS):
                ids = [f"{self.number}-{request}-{event}" for event in range(EVENTS)]
                body = json.dumps({"batch": [self._event(one) for one in ids]}).encode()
                for _ in range(2 if request % 3 == 0 else 1):
                    self._until_taken(request, body)
                sent.update(ids)
        return sent

    def _event(self, one: str) -> dict[str, str]:
        return {"type": "page", "messageId": one, "anonymousId": f"a{self.number}", "name": "P"}

    def _until_taken(self, request: int, body: bytes) -> None:
        deadline = time.monotonic() + _START_LIMIT_S
        while True:
            try:
                status = self._status(request, body)
            except (OSError, http.client.HTTPException):
                # Nobody listens before the function is deployed; its workers are started a moment later.
                self._connection.close()
                status = 0
            if status == http.HTTPStatus.OK:
                return
            assert time.monotonic() < deadline, f"not taken: {status}"
            time.sleep(0.2)

    def _status(self, request: int, body: bytes) -> int:
        """Plain, compressed and in chunks in turn, on one connection."""
        headers = {"content-type": "application/json", "authorization": "Basic S0VZOg=="}
        if request % 3 == 1:
            self._connection.request("POST", "/v1/batch", gzip.compress(body), {**headers, "content-encoding": "gzip"})
        elif request % 3 == 2:
            self._connection.request("POST", "/v1/batch", iter([body[:50], body[50:]]), headers, encode_chunked=True)
        else:
            self._connection.request("POST", "/v1/batch", body, headers)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status


def test_events_are_found_exactly_once(
    deployed: dict[str, str], endpoints: Endpoints, platform_state: StateFolder
) -> None:
    """Counters hold what was taken, resends included; `raw_events` holds every event once."""
    senders = [Sender(endpoints.collector_url, number) for number in range(SENDERS)]
    with ThreadPoolExecutor(SENDERS) as pool:
        sent = set().union(*pool.map(Sender.send, senders))
    assert len(sent) == SENDERS * REQUESTS * EVENTS
    command("local_aws", "wait", "--state", platform_state.root, "--timeout", "120")
    counted = sum(int(page["events"]) for page in DynamoTable(deployed["CountersTableName"]).scan())
    taken = SENDERS * EVENTS * (REQUESTS + len(range(0, REQUESTS, 3)))
    assert counted == taken
    command("batch_jobs.run_steps", *STACK, "--steps", "open_partitions,compact_events", "--include-open")
    assert sorted(_stored(deployed)) == sorted(sent)


def _stored(deployed: dict[str, str]) -> list[str]:
    """The ids of all rows of `raw_events`."""
    athena = boto3.client("athena")
    started = athena.start_query_execution(
        QueryString="SELECT event_id FROM raw_events WHERE event_type = 'page_view'",
        QueryExecutionContext={"Database": deployed["DatabaseName"]},
        WorkGroup=deployed["WorkgroupName"],
    )["QueryExecutionId"]
    while (state := athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"])["State"] in {
        "QUEUED",
        "RUNNING",
    }:
        time.sleep(0.1)
    assert state["State"] == "SUCCEEDED", state
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=started)
    rows = [row["Data"][0]["VarCharValue"] for page in pages for row in page["ResultSet"]["Rows"]]
    return rows[1:]
