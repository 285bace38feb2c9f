"""Typed settings of each Lambda function, read once at cold start.

The infrastructure code writes the same variables with `variables`, so a name exists in one place only. Every variable
starts with `CLICKSTREAM_`; an unknown one with that prefix, or a missing one, stops the function before it reads data.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

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


class CollectEventsSettings(Settings, frozen=True):
    """What `collect_events` needs."""

    stream_name: str
    stream_buckets: Annotated[int, msgspec.Meta(ge=1, le=500)]
    """Parts into which sessions are divided: as many as the stream has shards. PutRecords takes 500 records a call."""
    claims_table: str
    events_per_minute: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Of one write key, or of everybody where any key may send; 0 for no limit."""
    origins: str = "*"
    """Sites whose browsers may read answers, with commas."""
    write_keys: str = "{}"
    """JSON: the app of each key that may send; empty for any key."""


Encoding = Literal["DICTIONARY", "PLAIN", "DELTA_BINARY_PACKED", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"]
"""How the values of a column are stored in a data file; `DICTIONARY` means where it stays small."""


class FileShape(Settings, frozen=True):
    """What the data files of `raw_events` look like. The defaults are measured, see `docs/decisions/0025`.

    What columns may be named, and which encoding suits which, is checked by `lake.file_shapes.parse`.
    """

    sort_columns: tuple[str, ...] = ("event_type", "event_time")
    """Ascending, nulls last; text or instants."""
    codec: Literal["zstd", "gzip", "snappy", "none"] = "zstd"
    codec_level: Annotated[int, msgspec.Meta(ge=1, le=22)] | None = None
    """None: 3 of zstd, else what the codec's library chooses. gzip goes to 9, the others have no levels."""
    rows_per_group: Annotated[int, msgspec.Meta(ge=1_000, le=5_000_000)] = 500_000
    """Rows that are sorted together and make a row group; long rows end one earlier. Memory grows with it."""
    part_mb: Annotated[int, msgspec.Meta(ge=1, le=4_096)] = 200
    """MiB after which a file ends with its row group: files of 128 to 256 MB."""
    has_page_index: bool = True
    """Bounds of pages in the footer, which let a query skip pages within a row group."""
    encodings: dict[str, Encoding] = {}
    """By column, where it differs from the measured one in `lake.file_shapes`."""


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
