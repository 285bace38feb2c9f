"""A Kinesis stream in memory that behaves badly, as seen by who sends to it."""

import json
from collections import defaultdict
from random import Random
from typing import Any

import zstandard
from botocore.exceptions import ClientError, ReadTimeoutError

THROTTLED = "ProvisionedThroughputExceededException"


def seeded(seed: int) -> Random:
    """A generator that is the same in every run."""
    return Random(seed)  # noqa: S311 - test data, no secret


def answer_error(code: str, status: int = 400) -> ClientError:
    """An error answer of AWS."""
    response: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "PutRecords")


class Stream:
    """Stands in for a Kinesis client: takes records, refuses some, fails some calls; remembers what it accepted.

    Args:
        refuse: the share of records that it refuses.
        lose: the share of calls whose answer gets lost, though the records were taken.
        errors: raised by the first calls.
    """

    def __init__(self, *, refuse: float = 0, lose: float = 0, errors: list[Exception] | None = None) -> None:
        self._refuse, self._lose, self._errors = refuse, lose, errors or []
        self._rng = seeded(9)
        self.calls: list[list[dict[str, Any]]] = []
        self.accepted: list[dict[str, Any]] = []

    def put_records(self, *, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - the API's names
        """Answer as Kinesis does: one entry a record, in order."""
        assert StreamName == "stream"
        assert 0 < len(Records) <= 500
        if self._errors:
            raise self._errors.pop(0)
        self.calls.append(Records)
        answer = {"Records": [self._take(record) for record in Records]}
        if self._rng.random() < self._lose:
            raise ReadTimeoutError(endpoint_url="http://127.0.0.1:1")
        return answer

    def _take(self, record: dict[str, Any]) -> dict[str, Any]:
        if self._rng.random() < self._refuse:
            return {"ErrorCode": THROTTLED, "ErrorMessage": "slow down"}
        self.accepted.append(record)
        return {"SequenceNumber": str(len(self.accepted)), "ShardId": "shardId-0"}

    def data_by_key(self) -> dict[str, list[bytes]]:
        """What was accepted, by partition key, in order."""
        found: dict[str, list[bytes]] = defaultdict(list)
        for record in self.accepted:
            found[record["PartitionKey"]].append(record["Data"])
        return found

    def events(self) -> list[dict[str, Any]]:
        """The events in all packed records that were accepted, in order of acceptance."""
        packed = [zstandard.ZstdDecompressor().decompress(record["Data"]) for record in self.accepted]
        return [json.loads(line) for data in packed for line in data.split(b"\n")]
