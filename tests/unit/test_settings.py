"""Settings: the names CDK writes are the names the handlers read, and nothing else passes."""

import pytest

from clickstream.errors import ConfigError
from clickstream.settings import DetectAnomaliesSettings, ProcessEventsSettings, load, variables

GIVEN = {"bucket": "lake", "ledger_table": "l", "counters_table": "c", "page_metrics_table": "p"}
ENVIRONMENT = {f"CLICKSTREAM_{name.upper()}": value for name, value in GIVEN.items()}


def test_what_is_written_is_read() -> None:
    """Variables written for a function give back its settings, defaults included; other variables do not matter."""
    environment = variables(ProcessEventsSettings, **GIVEN, retention_days=7)
    assert environment == ENVIRONMENT | {"CLICKSTREAM_RETENTION_DAYS": "7"}
    expected = ProcessEventsSettings("lake", "l", "c", "p", retention_days=7)
    assert load(ProcessEventsSettings, environment | {"PATH": "/bin"}) == expected
    assert expected.pseudonym_secret == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"CLICKSTREAM_BUCKET": None}, "`bucket`.*the variables are CLICKSTREAM_BUCKET, CLICKSTREAM_LEDGER_TABLE"),
        ({"CLICKSTREAM_BUKCET": "x"}, "unknown field `bukcet`"),
        ({"CLICKSTREAM_RETENTION_DAYS": "a month"}, "retention_days"),
        ({"CLICKSTREAM_RETENTION_DAYS": "1.5"}, "retention_days"),
        ({"CLICKSTREAM_RETENTION_DAYS": ""}, "retention_days"),
    ],
)
def test_what_is_missing_unknown_or_malformed_is_named(change: dict[str, str | None], message: str) -> None:
    """The error names the setting and lists the variables that exist."""
    environment = {name: value for name, value in (ENVIRONMENT | change).items() if value is not None}
    with pytest.raises(ConfigError, match=f"ProcessEventsSettings.*{message}"):
        load(ProcessEventsSettings, environment)


def test_an_unknown_name_cannot_be_written() -> None:
    """A typing error in the infrastructure code fails at synthesis."""
    with pytest.raises(ConfigError, match="DetectAnomaliesSettings has no bucket, tabel"):
        variables(DetectAnomaliesSettings, tabel="x", bucket="y", topic_arn="z")
