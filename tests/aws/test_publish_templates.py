"""Publishing: what a bucket lacks goes there, once, and only into a bucket of this account and region."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from cdk.cloudformation.__main__ import main
from cdk.cloudformation.folder import ASSETS
from cdk.cloudformation.publishing import publish
from clickstream.errors import ConfigError

REGION = "eu-central-1"
DEFAULT_BUCKET = "clickstream-assets-123456789012-eu-central-1"


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    """An empty account."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.Session("a", "b", region_name=REGION)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files to publish."""
    (tmp_path / ASSETS).mkdir()
    for name in ("dev-1.json", "2.zip"):
        (tmp_path / ASSETS / name).write_text(name)
    return tmp_path


def test_a_second_time_there_is_nothing_to_do(session: boto3.Session, folder: Path) -> None:
    """Everything is uploaded once; a new file, or one that was cut off, is uploaded alone."""
    assert list(publish(session, folder, "", "p/")) == ["p/2.zip", "p/dev-1.json"]
    assert list(publish(session, folder, "", "p/")) == []
    session.client("s3").put_object(Bucket=DEFAULT_BUCKET, Key="p/2.zip", Body=b"2")
    (folder / ASSETS / "dev-3.json").write_text("{}")
    assert list(publish(session, folder, "", "p/")) == ["p/2.zip", "p/dev-3.json"]
    body = session.client("s3").get_object(Bucket=DEFAULT_BUCKET, Key="p/2.zip")["Body"].read()
    assert body == b"2.zip"


def test_the_default_bucket_is_closed_to_the_public(session: boto3.Session, folder: Path) -> None:
    """It is created in the region of the session, and nobody can open it by an access list or policy."""
    list(publish(session, folder, "", ""))
    s3 = session.client("s3")
    assert s3.get_bucket_location(Bucket=DEFAULT_BUCKET)["LocationConstraint"] == REGION
    block = s3.get_public_access_block(Bucket=DEFAULT_BUCKET)["PublicAccessBlockConfiguration"]
    assert list(block.values()) == [True] * 4


def test_a_bucket_elsewhere(session: boto3.Session, folder: Path) -> None:
    """Lambda takes code from its own region only, so a bucket elsewhere is refused before anything is uploaded."""
    session.client("s3", region_name="us-east-1").create_bucket(Bucket="elsewhere")
    with pytest.raises(ConfigError, match="elsewhere is in us-east-1: functions in eu-central-1 take their code"):
        list(publish(session, folder, "elsewhere", ""))


def test_a_bucket_that_is_not_there(session: boto3.Session, folder: Path) -> None:
    """A named bucket is never created: its name may be mistyped."""
    with pytest.raises(ConfigError, match=r"mistyped: .* it must be a bucket of account 123456789012 in eu-central-1"):
        list(publish(session, folder, "mistyped", ""))
    assert session.client("s3").list_buckets()["Buckets"] == []


def test_nothing_was_written(session: boto3.Session, tmp_path: Path) -> None:
    """Without templates, a person is told how to make them."""
    with pytest.raises(ConfigError, match="holds no templates: run `make template`"):
        list(publish(session, tmp_path, "", ""))


def test_no_region(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a region nothing is guessed; one sentence says what to set."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    assert main(["publish", "--folder", str(folder)]) == 2
    assert capsys.readouterr().err.startswith("clickstream: no region: set AWS_DEFAULT_REGION")
