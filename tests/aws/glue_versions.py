"""What moto leaves out of Glue, and Iceberg's commits rest on: UpdateTable with a stale version fails."""

import threading

import pytest
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.glue.responses import GlueResponse


def honour_versions(patch: pytest.MonkeyPatch) -> None:
    """Refuse stale versions as AWS does, one update at a time."""
    update = GlueResponse.update_table
    one_at_a_time = threading.Lock()

    def update_table(self: GlueResponse) -> ActionResult:
        with one_at_a_time:
            database, name = self.parameters["DatabaseName"], self.parameters["TableInput"]["Name"]
            wanted = self.parameters.get("VersionId")
            newest = str(self.glue_backend.get_table(database, name)._current_version)
            if wanted not in {None, newest}:
                raise JsonRESTError("ConcurrentModificationException", f"version {wanted} is not the newest")
            return update(self)

    patch.setattr(GlueResponse, "update_table", update_table)
