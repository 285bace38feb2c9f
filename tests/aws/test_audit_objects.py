"""The hourly audit when an object that a commit names is gone or changed."""

import json

import boto3
import pytest

from batch_jobs import audit_ledger
from clickstream import metrics
from clickstream.tables import LANDING_PREFIX
from tests.aws.ledger_stack import STEP, Deployment
from tests.simulation.records import encoded


@pytest.mark.usefixtures("aws")
def test_a_missing_object_is_a_contradiction_and_hides_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The audit goes on, names each object that is gone, and publishes how many there are."""
    deployment = Deployment()
    for number in range(2):
        deployment.process(deployment.send(encoded(event_id=str(number))))
    s3 = boto3.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="lake", Prefix=LANDING_PREFIX)["Contents"]]
    for key in keys:
        s3.delete_object(Bucket="lake", Key=key)
    published: list[dict[str, int]] = []
    monkeypatch.setattr(audit_ledger, "_publish", lambda _table, _now, values: published.append(values))
    assert audit_ledger.main(STEP) == 0
    assert published == [{metrics.COUNTER_DIFFERENCE: 0, metrics.LEDGER_CONTRADICTIONS: 2}]
    out, err = capsys.readouterr()
    assert json.loads(out)[metrics.LEDGER_CONTRADICTIONS] == 2
    assert all(f"{key} does not exist" in err for key in keys)
