"""Typed settings of each Lambda function, read once at cold start.

The infrastructure code writes the same variables with `variables`, so a name exists in one place only. Every variable
starts with `CLICKSTREAM_`; an unknown one with that prefix, or a missing one, stops the function before it reads data.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from clickstream.errors import ConfigError

PREFIX = "CLICKSTREAM_"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all settings: unknown fields are refused."""


S = TypeVar("S", bound=Settings)


class ProcessEventsSettings(Settings, frozen=True):
    """What `process_events` needs."""

    bucket: str
    ledger_table: str
    counters_table: str
    page_metrics_table: str
    retention_days: int = 30
    pseudonym_secret: str = ""
    """Name or ARN of the secret `{"key_id": …, "key": …}` for user_id; empty keeps user_id as sent."""
    geoip_file: str = ""
    """Path of a MaxMind country database; empty leaves `country` to what producers send."""
    code_version: str = "dev"


class DetectAnomaliesSettings(Settings, frozen=True):
    """What `detect_anomalies` needs."""

    session_metrics_table: str
    anomalies_table: str
    topic_arn: str
    retention_days: int = 30


class DetectTrafficAnomaliesSettings(Settings, frozen=True):
    """What `detect_traffic_anomalies` needs."""

    counters_table: str
    traffic_states_table: str
    anomalies_table: str
    topic_arn: str
    retention_days: int = 30


def load(settings: type[S], environment: Mapping[str, str]) -> S:
    """Read the settings from environment variables. Raises `ConfigError` naming what is missing or unknown."""
    given = {name.removeprefix(PREFIX).lower(): text for name, text in environment.items() if name.startswith(PREFIX)}
    try:
        return msgspec.convert(given, settings, strict=False)
    except msgspec.ValidationError as error:
        known = ", ".join(PREFIX + name.upper() for name in settings.__struct_fields__)
        raise ConfigError(f"{settings.__name__}: {error}; the variables are {known}") from error


def variables(settings: type[S], **values: str | int) -> dict[str, str]:
    """The environment variables that give a function these settings. Raises `ConfigError` for an unknown name."""
    if unknown := sorted(values.keys() - set(settings.__struct_fields__)):
        raise ConfigError(f"{settings.__name__} has no {', '.join(unknown)}")
    return {PREFIX + name.upper(): str(value) for name, value in values.items()}
