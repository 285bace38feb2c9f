"""Where the simulated schedules with real adapters write."""

import boto3
import pytest

from tests.simulation.moto_stores import services


def test_no_service_that_the_shell_names_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has sourced the environment of a running platform still simulates in memory only."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_PROFILE", "of-nobody")
    with services():
        for name in ("dynamodb", "s3"):
            assert boto3.client(name).meta.endpoint_url.endswith("amazonaws.com")
