"""The optional country file on its way into the processor."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

import aws_processor
from clickstream.errors import ConfigError
from clickstream.settings import ProcessEventsSettings, variables
from clickstream.tables import RAW_EVENTS
from tests.simulation.records import SOURCE, encoded, record
from tests.unit import mmdb

SETTINGS = ProcessEventsSettings(bucket="lake", ledger_table="l", counters_table="c", page_metrics_table="p")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A file that knows one network."""
    return mmdb.write(tmp_path / "country.mmdb", {"81.2.69.0/24": {"country": {"iso_code": "GB"}}})


def with_file(path: Path) -> ProcessEventsSettings:
    """Settings that name this file."""
    return msgspec.structs.replace(SETTINGS, geoip_file=str(path))


def test_the_processor_finds_countries_where_a_file_is_set(aws: None, database: Path) -> None:
    """Without a file nothing is looked up; with a wrong one the function does not start."""
    processor = aws_processor.build(with_file(database))
    assert processor.country_of
    assert processor.country_of("81.2.69.160") == "GB"
    # What recovery and import read with: they find the same countries as the function.
    [row] = processor.read([record(encoded(ip_address="81.2.69.160"))], SOURCE).good
    assert row[RAW_EVENTS.schema.names.index("country")] == "GB"
    assert aws_processor.build(SETTINGS).country_of is None
    with pytest.raises(ConfigError, match="no country database"):
        aws_processor.build(with_file(database / "missing"))


def test_a_recovery_elsewhere_does_without_the_file(monkeypatch: pytest.MonkeyPatch, aws: None, database: Path) -> None:
    """The function's file is used where it is at hand, and does not stop whoever has it not."""
    for path, expected in ((database, str(database)), (Path("/opt/country.mmdb"), "")):
        named = msgspec.structs.asdict(with_file(path))
        found: dict[str, Any] = {"Environment": {"Variables": variables(ProcessEventsSettings, **named)}}
        monkeypatch.setattr(aws_processor, "call", lambda *_, found=found, **__: found)
        assert aws_processor.settings_of("process-events").geoip_file == expected
