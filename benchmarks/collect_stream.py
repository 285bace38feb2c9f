"""A stand-in for Kinesis that takes PutRecords over HTTP, so many records a second, and counts what is in it.

    python -m benchmarks.collect_stream <records a second; 0 for any number>

Prints its port. `GET /` tells what events it holds, `DELETE /?<rate>` empties it.
"""

import json
import sys
import time
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from clickstream.intake.envelopes import payloads

REFUSED = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded for shard"}


class Stream:
    """What was taken, and how much may still be taken in this second."""

    def __init__(self, rate: int) -> None:
        self.rate, self.records, self.lock = rate, list[bytes](), Lock()
        self._second, self._left = 0, rate

    def take(self, record: bytes) -> bool:
        """Keep it, unless this second is full."""
        with self.lock:
            if (second := int(time.monotonic())) != self._second:
                self._second, self._left = second, self.rate
            if self.rate and not self._left:
                return False
            self._left -= 1
            self.records.append(record)
            return True

    def told(self) -> dict[str, list[str]]:
        """The ids of all events, and for each record the first of its."""
        ids = [[json.loads(line)["event_id"] for line in payloads(record)] for record in self.records]
        return {"records": [first for first, *_ in ids], "events": [one for of_record in ids for one in of_record]}


class Connection(BaseHTTPRequestHandler):
    """One connection of a client of AWS, or of the benchmark."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    stream: Stream

    def do_POST(self) -> None:
        """PutRecords."""
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        taken = [self.stream.take(b64decode(record["Data"])) for record in request["Records"]]
        entries = [{"SequenceNumber": "1", "ShardId": "shardId-000000000000"} if is_in else REFUSED for is_in in taken]
        self._answer({"FailedRecordCount": taken.count(False), "Records": entries})

    def do_GET(self) -> None:
        """What is in the stream."""
        self._answer(self.stream.told())

    def do_DELETE(self) -> None:
        """Begin anew with another rate."""
        type(self).stream = Stream(int(self.path.partition("?")[2]))
        self._answer({})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the signature of http.server
        """Nothing."""

    def _answer(self, answer: object) -> None:
        body = json.dumps(answer).encode()
        self.send_response_only(200)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until stopped."""
    Connection.stream = Stream(int(sys.argv[1]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Connection)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
