"""The optional country database: a layer on AWS, a path on this machine, nothing by default."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Template = dict[str, Any]
OfType = Callable[[Template, str], list[dict[str, Any]]]


def functions(template: Template, of_type: OfType) -> dict[str, dict[str, Any]]:
    """Our functions by the start of their handler's name."""
    found = of_type(template, "Lambda::Function")
    return {f["Handler"].partition(".")[0]: f for f in found if "Environment" in f}


def geoip_file(function: dict[str, Any]) -> str:
    """What the function is told of the database."""
    path: str = function["Environment"]["Variables"]["CLICKSTREAM_GEOIP_FILE"]
    return path


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database beside a file that is nobody's business."""
    (tmp_path / "private.txt").write_text("private")
    path = tmp_path / "GeoLite2-Country.mmdb"
    path.write_bytes(b"countries")
    return path


def test_the_database_travels_alone_in_a_layer(
    assembly: Callable[..., Path], template_of: Callable[..., Template], of_type: OfType, database: Path
) -> None:
    """Only the function that needs it gets the layer, and of the file's folder nothing else is uploaded."""
    context = {"environment": "dev", "geoipFile": str(database)}
    found = functions(template_of(**context), of_type)
    assert geoip_file(found["process_events"]) == "/opt/GeoLite2-Country.mmdb"
    assert [len(found[name]["Layers"]) for name in ("process_events", "detect_anomalies")] == [2, 1]
    uploaded = list(assembly(**context).glob("asset.*/*.mmdb"))
    assert [path.read_bytes() for path in uploaded] == [b"countries"]
    assert [path.name for path in uploaded[0].parent.iterdir()] == [database.name]


def test_the_emulator_reads_the_file_where_it_is(
    template_of: Callable[..., Template], of_type: OfType, database: Path
) -> None:
    """Functions that run on this machine need no layer."""
    found = functions(template_of(environment="local", geoipFile=str(database)), of_type)["process_events"]
    assert (geoip_file(found), len(found["Layers"])) == (str(database), 1)


def test_no_database_by_default(template: Template, of_type: OfType) -> None:
    """Without the context key no function has a second layer."""
    found = functions(template, of_type)["process_events"]
    assert (geoip_file(found), len(found["Layers"])) == ("", 1)
