"""The scripts with the real AWS command line: the root template, its nested stack, updates, refusals and the end."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk.cloudformation.folder import ROOT_FILE, write_folder
from cdk.layer import TARGETS, archive_path
from local_aws.state import PROJECT_FOLDER
from tests.end_to_end.nesting_account import TOOLS, cut_nested, nesting_account

SCRIPTS = PROJECT_FOLDER / "scripts"
EMPTY_ZIP = b"PK\x05\x06" + bytes(18)
STACK = "clickstream-analytics"
LAKE_BUCKETS = "Buckets[?contains(Name, 'lakebucket')].Name"


def _run(environment: dict[str, str], *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(word) for word in words]
    return subprocess.run(
        command,
        cwd=PROJECT_FOLDER,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root template with dev and production behind it, both cut to what the account makes."""
    build = tmp_path_factory.mktemp("build")
    for name in TARGETS:
        archive_path(name, build).write_bytes(EMPTY_ZIP)
    folder = tmp_path_factory.mktemp("published")
    write_folder(folder, {}, ["dev", "production"], build)
    cut_nested(folder)
    return folder / ROOT_FILE


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[dict[str, str]]:
    """An account to which everything is published."""
    if not (TOOLS / "moto_server").exists():
        pytest.skip("the AWS command line is not installed; run `make .build/aws-tools/installed`")
    with nesting_account(tmp_path_factory.mktemp("account") / "server.log") as environment:
        words = ("-m", "cdk.cloudformation", "publish", "--folder", template.parent)
        published = _run(environment, sys.executable, *words)
        assert published.returncode == 0, published.stderr
        yield environment


def _deploy(account: dict[str, str], template: Path, *words: str) -> subprocess.CompletedProcess[str]:
    given = ("--no-publish", "--template", template, "--stack-name", STACK)
    return _run(account, SCRIPTS / "deploy.sh", *given, *words)


def _asked(account: dict[str, str], *words: str) -> str:
    answer = _run(account, "aws", *words, "--output", "text")
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


def _registered(account: dict[str, str]) -> str:
    """The ARN of a model in the stack's registry, which the account does not make from a template."""
    group = ("--model-package-group-name", "clickstream-dev-sessions")
    _asked(account, "sagemaker", "create-model-package-group", *group)
    return _asked(account, "sagemaker", "create-model-package", *group, "--query", "ModelPackageArn")


def _with_deletion_of_models(account: dict[str, str], folder: Path) -> dict[str, str]:
    """The account with the one call that it lacks; what was deleted is noted in the folder."""
    aws = shutil.which("aws", path=account["PATH"])
    script = f'[[ "$2" == delete-model-package ]] && echo "$4" >> {folder}/deleted && exit\nexec {aws} "$@"\n'
    (folder / "aws").write_text(f"#!/usr/bin/env bash\n{script}")
    (folder / "aws").chmod(0o755)
    return {**account, "PATH": f"{folder}:{account['PATH']}"}


def test_a_stack_from_its_first_day_to_its_last(account: dict[str, str], template: Path, tmp_path: Path) -> None:
    """Deploy, update, be refused another environment; destroy leaves nothing, objects and models included."""
    summary = ("kinesis", "describe-stream-summary", "--stream-name", "clickstream-dev-events")
    shards = (*summary, "--query", "StreamDescriptionSummary.OpenShardCount")
    created = _deploy(account, template, "--stream-shard-count", "3")
    assert created.returncode == 0, created.stderr
    assert _asked(account, *shards) == "3"

    updated = _deploy(account, template, "--data-retention-days", "90")
    assert updated.returncode == 0, updated.stderr
    assert _asked(account, *shards) == "3"
    chosen = ("cloudformation", "describe-stacks", "--stack-name", STACK, "--query")
    days = "Stacks[0].Parameters[?ParameterKey=='DataRetentionDays'].ParameterValue"
    assert _asked(account, *chosen, days) == "90"

    refused = _deploy(account, template, "--environment", "production")
    assert (refused.returncode, refused.stdout.count("deploying")) == (1, 0)
    assert f"stack {STACK} is dev: deploy production under another --stack-name" in refused.stderr

    unasked = _run(account, SCRIPTS / "destroy.sh", "--stack-name", STACK)
    assert (unasked.returncode, "name --yes" in unasked.stderr) == (1, True)
    (bucket, *_) = _asked(account, "s3api", "list-buckets", "--query", LAKE_BUCKETS).split()
    _asked(account, "s3api", "put-object", "--bucket", bucket, "--key", "landing/one")
    model = _registered(account)
    whole = _with_deletion_of_models(account, tmp_path)
    destroyed = _run(whole, SCRIPTS / "destroy.sh", "--stack-name", STACK, "--yes")
    assert (tmp_path / "deleted").read_text() == f"{model}\n"
    assert destroyed.returncode == 0, destroyed.stderr
    assert destroyed.stdout.endswith("nothing is left\n")
    assert f"emptying {bucket}" in destroyed.stdout
    assert _asked(account, "s3api", "list-buckets", "--query", LAKE_BUCKETS) == ""
    assert _asked(account, "kinesis", "list-streams", "--query", "length(StreamNames)") == "0"

    again = _run(account, SCRIPTS / "destroy.sh", "--stack-name", STACK, "--yes")
    assert (again.returncode, f"there is no stack {STACK}" in again.stderr) == (1, True)


def test_the_command_of_the_documentation(account: dict[str, str], template: Path) -> None:
    """`aws cloudformation create-stack` as written takes the template; production is not destroyed by mistake."""
    command = ("cloudformation", "create-stack", "--stack-name", "clickstream-production", "--template-body")
    chosen = (
        "--parameters",
        "ParameterKey=Environment,ParameterValue=production",
        "ParameterKey=StreamShardCount,ParameterValue=4",
    )
    _asked(account, *command, template.as_uri(), "--capabilities", "CAPABILITY_IAM", *chosen)
    _asked(account, "cloudformation", "wait", "stack-create-complete", "--stack-name", "clickstream-production")
    refused = _run(account, SCRIPTS / "destroy.sh", "--environment", "production", "--yes")
    assert (refused.returncode, "name --force-production if that is meant" in refused.stderr) == (1, True)
    stream = ("kinesis", "describe-stream-summary", "--stream-name", "clickstream-production-events", "--query")
    assert _asked(account, *stream, "StreamDescriptionSummary.OpenShardCount") == "4"


@pytest.mark.parametrize("script", ["deploy.sh", "destroy.sh"])
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--environment", "prod"), 2, "--environment prod: one of dev, staging, production is needed; see --help"),
        (("--stak-name", "x"), 2, "--stak-name: unknown; see --help"),
        (("--environment",), 2, "--environment: unknown, or its value is missing; see --help"),
        ((), 1, "the AWS command line is missing"),
    ],
)
def test_wrong_usage(tmp_path: Path, script: str, words: tuple[str, ...], code: int, message: str) -> None:
    """A wrong word is one sentence and exit code 2, a missing program one sentence and 1; no request is made."""
    for name in ("bash", "dirname", "basename", "env"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    result = _run({"PATH": str(tmp_path)}, SCRIPTS / script, *words)
    assert (result.returncode, result.stdout) == (code, "")
    assert f"{script}: {message}" in result.stderr


def test_shellcheck() -> None:
    """ShellCheck finds nothing in the scripts."""
    found = shutil.which("shellcheck")
    if found is None:
        pytest.skip("shellcheck is not installed")
    files = sorted(SCRIPTS.glob("*.sh"))
    result = subprocess.run(
        [found, "--external-sources", *files], cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (0, "")
