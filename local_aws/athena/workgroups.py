"""Workgroups: those deployed to the emulator, filled up with what clients expect, and settings of a query from them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.athena.errors import ApiError
from local_aws.athena.requests import Answer, Request, need, page_of

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}
PRIMARY = "primary"
_PAGE = 50
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
            ApiError: Neither names a place, or it is none of S3.
        """
        configuration = self.raw["Configuration"]
        own = (configuration.get("ResultConfiguration") or {}).get("OutputLocation")
        location = own if own and configuration["EnforceWorkGroupConfiguration"] else asked or own
        if not location:
            raise ApiError(
                "No output location provided. An output location is required either through the Workgroup result "
                "configuration setting or as an API input."
            )
        if not str(location).startswith("s3://"):
            raise ApiError("outputLocation is not a valid S3 path.")
        return str(location)

    def overrides(self, asked: str | None) -> bool:
        """Return whether a request puts its own place over that of the workgroup."""
        own = (self.raw["Configuration"].get("ResultConfiguration") or {}).get("OutputLocation")
        return bool(own and asked and asked != own and not self.raw["Configuration"]["EnforceWorkGroupConfiguration"])


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

    def operations(self) -> dict[str, Callable[[Request], Answer]]:
        """Return the operations of the API about them that need nothing else."""
        return {
            "CreateWorkGroup": self.create,
            "GetWorkGroup": lambda r: {"WorkGroup": self.get(need(r, "WorkGroup")).raw},
            "ListTagsForResource": lambda r: self._forward("list_tags_for_resource", r),
            "ListWorkGroups": self.list_page,
            "TagResource": lambda r: self._forward("tag_resource", r),
            "UntagResource": lambda r: self._forward("untag_resource", r),
            "UpdateWorkGroup": self.update,
        }

    def create(self, request: Request) -> Answer:
        """Make a workgroup."""
        name = need(request, "Name")
        if any(group["Name"] == name for group in self._summaries()):
            raise ApiError("WorkGroup is already created")
        return self._forward("create_work_group", request)

    def update(self, request: Request) -> Answer:
        """Change a workgroup."""
        name = need(request, "WorkGroup")
        self.get(name)
        answer = self._forward("update_work_group", request)
        changes = request.get("ConfigurationUpdates") or {}
        if changes.get("RemoveBytesScannedCutoffPerQuery") and self.get(name).bytes_cutoff is not None:
            raise ApiError("The emulator keeps BytesScannedCutoffPerQuery: set another, or make the workgroup again")
        return answer

    def check_deletable(self, name: str) -> None:
        """Refuse a workgroup that is not there, or that always is.

        Raises:
            ApiError: It may not be deleted.
        """
        if name == PRIMARY:
            raise ApiError("The primary workgroup cannot be deleted")
        self.get(name)

    def delete(self, request: Request) -> Answer:
        """Delete a workgroup, whatever is in it."""
        return self._forward("delete_work_group", request)

    def list_page(self, request: Request) -> Answer:
        """List the workgroups, `primary` among them."""
        page, token = page_of(self._summaries(), request, _PAGE)
        return {"WorkGroups": page, **token}

    def _summaries(self) -> list[dict[str, Any]]:
        groups: list[dict[str, Any]] = []
        try:
            answer = self._upstream.list_work_groups()
            groups += [dict(group) for group in answer["WorkGroups"]]
            while token := answer.get("NextToken"):
                answer = self._upstream.list_work_groups(NextToken=token)
                groups += [dict(group) for group in answer["WorkGroups"]]
        except (ClientError, BotoCoreError):
            pass  # no workgroups upstream: primary alone
        if all(group.get("Name") != PRIMARY for group in groups):
            groups.insert(0, {"Name": PRIMARY, "State": "ENABLED"})
        return [{**group, "EngineVersion": ENGINE} for group in groups]

    def _forward(self, operation: str, request: Request) -> Answer:
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
