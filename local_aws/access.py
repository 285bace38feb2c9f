"""How AWS tools, and this platform itself, reach the local endpoints."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

import boto3
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT = "000000000000"
_LOOPBACK = ("127.0.0.1", "localhost")
_REAL_ACCOUNT_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Base URLs of a running platform: every service, Athena, and the function that answers HTTP requests."""

    aws_url: str
    athena_url: str
    collector_url: str


def tool_environment(endpoints: Endpoints, inherited: Mapping[str, str]) -> dict[str, str]:
    """List the variables that make AWS CLI, CDK, boto3 and awswrangler use the platform.

    Args:
        endpoints: The platform.
        inherited: The environment they are added to; only its `NO_PROXY` is read.
    """
    return {
        "AWS_ENDPOINT_URL": endpoints.aws_url,
        "AWS_ENDPOINT_URL_ATHENA": endpoints.athena_url,
        "COLLECTOR_URL": endpoints.collector_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        **loopback_without_proxy(inherited),
    }


def loopback_without_proxy(inherited: Mapping[str, str]) -> dict[str, str]:
    """Extend `NO_PROXY`, so that a proxy configured for the machine is not asked for loopback addresses."""
    known = inherited.get("NO_PROXY") or inherited.get("no_proxy") or ""
    names = [*_LOOPBACK, *(name for name in known.split(",") if name and name not in _LOOPBACK)]
    return {"NO_PROXY": ",".join(names), "no_proxy": ",".join(names)}


def shell_lines(variables: Mapping[str, str]) -> str:
    """Spell variables for `source`, and drop those that name a real account."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    return "\n".join([*exports, f"unset {' '.join(_REAL_ACCOUNT_VARIABLES)}"]) + "\n"


def isolate_process() -> None:
    """Keep a real account, and proxies for loopback, out of this process and of those it starts."""
    for name in _REAL_ACCOUNT_VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(loopback_without_proxy(os.environ))


def local_session() -> boto3.session.Session:
    """Open a session with the platform's credentials, whatever the machine's configuration says."""
    return boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)  # noqa: S106 - the emulator accepts any words


def client_config(*, read_timeout_s: float = 60.0, retries: int = 0, connections: int = 50) -> Config:
    """Configure a client for loopback: no proxy, and no hidden second try unless asked for."""
    return Config(
        proxies={},
        connect_timeout=5,
        read_timeout=read_timeout_s,
        retries={"total_max_attempts": retries + 1},
        max_pool_connections=connections,
    )
