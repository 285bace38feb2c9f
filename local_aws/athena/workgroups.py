"""Workgroups: those deployed to the emulator, filled up with what clients expect, and settings of a query from them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.athena.errors import ApiError

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}
PRIMARY = "primary"
_BARE: dict[str, Any] = {
    "EnforceWorkGroupConfiguration": False,
    "PublishCloudWatchMetricsEnabled": False,
    "RequesterPaysEnabled": False,
    "ResultConfiguration": {},
    "EngineVersion": ENGINE,
}


@dataclass(frozen=True)
class WorkGroup:
    """What a workgroup says about the queries in it.

    Attributes:
        raw: As GetWorkGroup returns it, complete.
    """

    name: str
    raw: dict[str, Any]

    @property
    def bytes_cutoff(self) -> int | None:
        """Most bytes that one query may scan."""
        value = self.raw["Configuration"].get("BytesScannedCutoffPerQuery")
        return int(value) if value else None

    def output_location(self, asked: str | None) -> str:
        """Return where results go; a workgroup that enforces its configuration wins over the request.

        Raises:
            ApiError: Neither names a place.
        """
        configuration = self.raw["Configuration"]
        own = (configuration.get("ResultConfiguration") or {}).get("OutputLocation")
        location = own if own and configuration["EnforceWorkGroupConfiguration"] else asked or own
        if not location:
            raise ApiError(
                "No output location provided. An output location is required either through the Workgroup result "
                "configuration setting or as an API input."
            )
        return str(location)


class WorkGroups:
    """Workgroups of the upstream Athena API, which holds what was deployed to it."""

    def __init__(self, upstream: "AthenaClient") -> None:
        self._upstream = upstream

    def get(self, name: str) -> WorkGroup:
        """Return a workgroup; `primary` always exists.

        Raises:
            ApiError: It does not exist or is disabled upstream.
        """
        try:
            raw = dict(self._upstream.get_work_group(WorkGroup=name).get("WorkGroup") or {})
        except (ClientError, BotoCoreError):
            raw = {}
        if not raw and name != PRIMARY:
            raise ApiError(f"WorkGroup {name} is not found.")
        raw = raw or {"Name": PRIMARY, "State": "ENABLED"}
        return WorkGroup(name, _completed(raw))

    def usable(self, name: str) -> WorkGroup:
        """Return a workgroup that takes queries.

        Raises:
            ApiError: It does not exist or is disabled.
        """
        group = self.get(name)
        if group.raw["State"] != "ENABLED":
            raise ApiError(f"WorkGroup {name} is disabled.")
        return group

    def list_names(self) -> list[dict[str, Any]]:
        """Return summaries of all workgroups, `primary` among them."""
        try:
            groups = [dict(group) for group in self._upstream.list_work_groups().get("WorkGroups", [])]
        except (ClientError, BotoCoreError):
            groups = []
        if all(group.get("Name") != PRIMARY for group in groups):
            groups.insert(0, {"Name": PRIMARY, "State": "ENABLED"})
        return [{**group, "EngineVersion": ENGINE} for group in groups]

    def forward(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Pass an operation on to the upstream API.

        Raises:
            ApiError: What the upstream said.
        """
        method: Callable[..., dict[str, Any]] = getattr(self._upstream, operation)
        try:
            answer = method(**request)
        except ClientError as error:
            details = error.response.get("Error", {})
            raise ApiError(
                str(details.get("Message", error)), str(details.get("Code", "InvalidRequestException"))
            ) from error
        except BotoCoreError as error:
            raise ApiError(str(error)) from error
        return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def _completed(raw: dict[str, Any]) -> dict[str, Any]:
    """Fill up what an emulator leaves out; AWS enforces the configuration of a workgroup unless told otherwise."""
    given = {key: value for key, value in (raw.get("Configuration") or {}).items() if value is not None}
    enforced = {"EnforceWorkGroupConfiguration": raw.get("Name") != PRIMARY} if given else {}
    version = {**ENGINE, **(given.get("EngineVersion") or {})}
    configuration = {**_BARE, **enforced, **given, "EngineVersion": version}
    return {"State": "ENABLED", "Description": "", **raw, "Configuration": configuration}
