"""The hourly audit when an object that a commit names is gone or changed."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from batch_jobs import audit_ledger
from clickstream import metrics
from clickstream.tables import LANDING_PREFIX
from tests.aws.ledger_stack import STEP, Deployment
from tests.aws.published_metrics import published
from tests.simulation.records import encoded


@pytest.mark.usefixtures("aws")
def test_a_missing_object_is_a_contradiction_and_hides_no_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The audit goes on, names each object that is gone, and publishes how many there are."""
    deployment = Deployment()
    for number in range(2):
        deployment.process(deployment.send(encoded(event_id=str(number))))
    s3 = boto3.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="lake", Prefix=LANDING_PREFIX)["Contents"]]
    for key in keys:
        s3.delete_object(Bucket="lake", Key=key)
    assert audit_ledger.main(STEP) == 0
    found = published(datetime.now(UTC))
    assert (found[metrics.COUNTER_DIFFERENCE], found[metrics.LEDGER_CONTRADICTIONS]) == (0, 2)
    out, err = capsys.readouterr()
    assert json.loads(out)[metrics.LEDGER_CONTRADICTIONS] == 2
    assert all(f"{key} does not exist" in err for key in keys)


@pytest.mark.usefixtures("aws")
def test_hours_that_wait_and_batches_that_were_given_up_are_published() -> None:
    """An hour that is over and not compacted is late by the minutes since its end; the open hour is not."""
    deployment = Deployment()
    deployment.process(deployment.send(encoded(event_id="1")))
    deployment.give_up(deployment.send(encoded(event_id="2")))
    now = datetime.now(UTC)
    assert audit_ledger.main([*STEP, "--failure-bucket", "failures", "--now", now.isoformat()]) == 0
    assert published(now)[metrics.COMPACTION_LAG_MINUTES] == 0
    assert published(now)[metrics.GIVEN_UP_BATCHES] == 1
    end = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    later = end + timedelta(minutes=70)
    assert audit_ledger.main([*STEP, "--now", later.isoformat()]) == 0
    assert published(later)[metrics.COMPACTION_LAG_MINUTES] == 70
