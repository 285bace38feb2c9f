"""Publishing: what a bucket lacks goes there, once, and only into a bucket of this account and region."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto import mock_aws

from cdk.cloudformation.__main__ import main
from cdk.cloudformation.folder import ASSETS
from cdk.cloudformation.publishing import publish
from clickstream.errors import ConfigError
from tests.infra.policy_statements import Grant, Request, allowed_by, grants

REGION = "eu-central-1"
DEFAULT_BUCKET = "clickstream-assets-123456789012-eu-central-1"


@pytest.fixture
def policies() -> list[str]:
    """The policies that were put on buckets."""
    return []


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, policies: list[str]) -> Iterator[boto3.Session]:
    """An empty account. It only takes note of policies: it knows no conditions, so it would deny everything."""

    def note(params: dict[str, Any], **_: object) -> tuple[AWSResponse, dict[str, Any]]:
        policies.append(params["body"])
        return AWSResponse(params["url"], 204, HTTPHeaders(), None), {}

    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        found = boto3.Session("a", "b", region_name=REGION)
        found.events.register("before-call.s3.PutBucketPolicy", note)  # type: ignore[arg-type]  # it may answer
        yield found


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


def test_the_default_bucket_is_encrypted_and_owned(session: boto3.Session, folder: Path) -> None:
    """What is stored is encrypted, and belongs to the account whoever puts it there."""
    list(publish(session, folder, "", ""))
    s3 = session.client("s3")
    (rule,) = s3.get_bucket_encryption(Bucket=DEFAULT_BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    (owner,) = s3.get_bucket_ownership_controls(Bucket=DEFAULT_BUCKET)["OwnershipControls"]["Rules"]
    assert owner["ObjectOwnership"] == "BucketOwnerEnforced"


@pytest.mark.parametrize(("has_tls", "is_denied"), [("true", False), ("false", True)])
def test_the_default_bucket_answers_tls_only(
    session: boto3.Session, folder: Path, policies: list[str], has_tls: str, *, is_denied: bool
) -> None:
    """Its policy denies every request without TLS, for the bucket and for what is in it, and no other."""
    list(publish(session, folder, "", ""))
    (policy,) = policies
    allowed = Grant("all", "Allow", "s3:*", "*")
    for action, name in (("s3:ListBucket", ""), ("s3:GetObject", "/p/2.zip"), ("s3:PutObject", "/p/2.zip")):
        request = Request(action, f"arn:aws:s3:::{DEFAULT_BUCKET}{name}", {"aws:SecureTransport": [has_tls]})
        assert (allowed_by([allowed, *grants(json.loads(policy)["Statement"])], request) == []) is is_denied


def test_an_endpoint_without_tls_can_be_filled(
    session: boto3.Session, folder: Path, policies: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An emulator's bucket gets no such policy: nothing could be put there."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://s3.{REGION}.amazonaws.com")
    assert len(list(publish(session, folder, "", ""))) == 2
    assert policies == []


def test_a_bucket_of_ones_own_keeps_its_settings(session: boto3.Session, folder: Path, policies: list[str]) -> None:
    """A named bucket is only filled: who may do what with it is its owner's."""
    place = {"LocationConstraint": "eu-central-1"}
    session.client("s3").create_bucket(Bucket="mine", CreateBucketConfiguration=place)  # type: ignore[arg-type]  # REGION
    assert len(list(publish(session, folder, "mine", ""))) == 2
    assert policies == []


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
