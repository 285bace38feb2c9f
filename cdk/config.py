"""What may be configured at deployment, read from CDK context into one frozen value.

Every key can stand on the command line (`cdk deploy -c environment=production`) or under `context` in cdk.json.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from cdk.collector_config import CollectorConfig, CollectorDoor
from cdk.context_values import (
    Option,
    address,
    database_file,
    days_or_all,
    events_or_any,
    file_shape,
    one_in,
    one_of,
    origins,
    whole,
    write_keys,
)
from clickstream.errors import ConfigError
from clickstream.lake.session_rules import LONGEST_GAP_S

Environment = Literal["dev", "staging", "production", "local"]
StreamMode = Literal["provisioned", "on-demand"]
CompactionWorkers = Literal["spark", "plain"]
Switch = Literal["on", "off"]
SESSION_CUTS = ("none", "midnight", "campaign", "midnight,campaign")
SHARD_COUNTS = range(1, 501)
MEMORY_SIZES_MB = range(128, 10_241, 64)
"""In steps, because a CloudFormation template can raise a size to the floor only by a table of all sizes."""
RETENTION_DAYS = range(1, 3_651)
LEAST_MEMORY_MB = 1024
"""A full batch of packed events peaks at 400 MB, and a function's share of a CPU grows with its memory."""
BUCKETS_ON_DEMAND = 16
"""A stream of unknown size begins with 4 shards."""
BUSY_SHARD_BYTES = 100_000_000
"""Of 188,743,680 in three minutes. A power of ten, because a template can append zeros but not multiply."""


@dataclass(frozen=True)
class Config(CollectorConfig):
    """The configuration of one deployed stack.

    Attributes:
        environment: Names the stack and everything in it; `local` is the emulator on this machine.
        stream_shard_count: Shards of a provisioned stream.
        stream_mode: `provisioned`, or `on-demand` where AWS chooses the shards.
        requested_memory_mb: Memory wanted for each function; see `memory_mb`.
        data_retention_days: Days after the last write until an item leaves the DynamoDB tables of metrics.
        alert_email: Who gets alarms and anomalies by mail; empty for nobody.
        batch_window_s: Seconds a batch of events is gathered at most before a function is called.
        scan_limit_gb: Gigabytes that one Athena query may read before it is cancelled.
        landing_days: Days that landing objects stay after the compaction that took them in.
        raw_events_days: Days of `raw_events` that are kept, by arrival; 0 for all. Three at least: the sessions of
            yesterday are made of the day before it, too.
        sessions_days: Days of `sessions`, by their start; 0 for as long as `raw_events`, from which they are made.
        bad_events_days: Days of `bad_events`. Their payloads are raw and may name people: long enough to repair a
            producer and send again, not for good.
        quarantine_days: Days of rows and objects that were set aside; 0 for all.
        report_days: Days of published reports; 0 for all.
        suppress_below: Reports leave out counts of fewer visitors or sessions; 0 for none.
        result_days: Days of query results.
        session_gap_minutes: A pause of so many minutes ends a session in the table `sessions`.
        session_cuts: What else does: `midnight` (UTC), `campaign`, both with a comma, or `none`.
        bad_events_alarm_percent: Share of bad events from which an alarm rings.
        fault_injection: Whether an experiment of AWS FIS is deployed, which somebody may then start.
        silent_stream_minutes: An alarm rings when no record came in for so long; 0 for no such alarm.
        file_shape: What is not as measured in the data files of `raw_events`, as JSON; see `settings.FileShape`.
        glue_workers: Workers of the Glue job; one of them leads.
        compaction_workers: `spark`, every worker of the Glue job compacts hours; `plain`, only the leading one.
        geoip_file: A MaxMind country database (.mmdb) on this machine; empty for none.
        customer_key: Whether the account holds the key of everything at rest; see `has_customer_key`.
        vpc: `on`, the functions have no way to the internet; see `cdk.network`.
        serving: `on`, what analysts get is deployed as well: saved queries in the console.
    """

    environment: Environment = "dev"
    stream_shard_count: int = 2
    stream_mode: StreamMode = "provisioned"
    requested_memory_mb: int = 256
    data_retention_days: int = 30
    alert_email: str = ""
    batch_window_s: int = 10
    scan_limit_gb: int = 100
    landing_days: int = 7
    raw_events_days: int = 0
    sessions_days: int = 0
    bad_events_days: int = 90
    quarantine_days: int = 0
    report_days: int = 0
    suppress_below: int = 0
    result_days: int = 7
    session_gap_minutes: int = 30
    session_cuts: str = "none"
    bad_events_alarm_percent: int = 5
    silent_stream_minutes: int = 60
    fault_injection: Switch = "off"
    file_shape: str = "{}"
    glue_workers: int = 2
    compaction_workers: CompactionWorkers = "spark"
    geoip_file: str = ""
    customer_key: Switch | None = None
    vpc: Switch = "off"
    serving: Switch = "off"

    @property
    def is_local(self) -> bool:
        """The stack is deployed to the emulator."""
        return self.environment == "local"

    @property
    def is_disposable(self) -> bool:
        """Destroying the stack destroys its data."""
        return self.environment in ("dev", "local")

    @property
    def has_customer_key(self) -> bool:
        """Everything is encrypted by a key of the account: where data outlives the stack, unless it is said."""
        return not self.is_disposable if self.customer_key is None else self.customer_key == "on"

    @property
    def collector_door(self) -> CollectorDoor:
        """The chosen door; the emulator's function has a URL, which `local_aws` serves."""
        return self.collector or ("function-url" if self.is_local else "http-api")

    @property
    def stream_buckets(self) -> str:
        """Into how many parts the collector divides sessions: one a shard, or several for each that may come."""
        return str(self.stream_shard_count if self.stream_mode == "provisioned" else BUCKETS_ON_DEMAND)

    @property
    def memory_mb(self) -> float:
        """Memory of each function: what was asked for, but enough for Arrow and a full batch."""
        return max(self.requested_memory_mb, LEAST_MEMORY_MB)

    @property
    def retention_days(self) -> str:
        """`data_retention_days` as settings and arguments carry it."""
        return str(self.data_retention_days)

    @property
    def busy_stream_bytes(self) -> float:
        """Bytes in three minutes, about half of what the shards take, from which an alarm rings."""
        return self.stream_shard_count * BUSY_SHARD_BYTES

    @property
    def deployed_geoip_file(self) -> str:
        """Where the functions find the country database: in a layer, or on this machine where they run here."""
        return self.geoip_file if self.is_local or not self.geoip_file else f"/opt/{Path(self.geoip_file).name}"

    @property
    def batch_settings(self) -> dict[str, str]:
        """What the batch steps need to know of all this, by argument: for the Glue job, and as outputs for people."""
        return {
            "file-shape": self.file_shape,
            "landing-days": str(self.landing_days),
            "raw-events-days": str(self.raw_events_days),
            "sessions-days": str(self.sessions_days),
            "report-days": str(self.report_days),
            "suppress-below": str(self.suppress_below),
            "gap-minutes": str(self.session_gap_minutes),
            "cut-at": self.session_cuts,
        }

    @property
    def prefix(self) -> str:
        """Start of every name in the stack, and the stack's own name."""
        return f"clickstream-{self.environment}"


OPTIONS = {
    "environment": Option("environment", one_of(*get_args(Environment)), "which stack"),
    "streamShardCount": Option("stream_shard_count", one_in(SHARD_COUNTS), "shards of a provisioned stream"),
    "streamMode": Option("stream_mode", one_of(*get_args(StreamMode)), "who chooses the number of shards"),
    "lambdaMemorySize": Option("requested_memory_mb", one_in(MEMORY_SIZES_MB), "MB; less than 1024 is raised to 1024"),
    "dataRetentionDays": Option("data_retention_days", one_in(RETENTION_DAYS), "days until live metrics expire"),
    "alertEmail": Option("alert_email", address, "receiver of alarms and anomalies"),
    "batchWindowSeconds": Option("batch_window_s", whole(0, 300), "seconds a batch of events is gathered"),
    "athenaScanLimitGigabytes": Option("scan_limit_gb", whole(1, 1_000_000), "GB one query may read"),
    "landingRetentionDays": Option("landing_days", whole(1, 3_650), "days that landing is kept after compaction"),
    "rawEventsRetentionDays": Option("raw_events_days", days_or_all(3), "days of raw_events; 0 for all"),
    "sessionsRetentionDays": Option("sessions_days", days_or_all(2), "days of sessions; 0 for as long as raw_events"),
    "badEventsRetentionDays": Option("bad_events_days", whole(1, 3_650), "days of bad_events"),
    "quarantineRetentionDays": Option("quarantine_days", whole(0, 36_500), "days of quarantine; 0 for all"),
    "reportRetentionDays": Option("report_days", days_or_all(2), "days of published reports; 0 for all"),
    "reportSuppressBelow": Option("suppress_below", whole(0, 1_000_000), "least people of a reported count; 0: any"),
    "queryResultRetentionDays": Option("result_days", whole(1, 3_650), "days of query results"),
    "badEventsAlarmPercent": Option("bad_events_alarm_percent", whole(1, 100), "share of bad events that rings"),
    "faultInjection": Option("fault_injection", one_of(*get_args(Switch)), "an experiment with faults"),
    "silentStreamAlarmMinutes": Option("silent_stream_minutes", whole(0, 1_440), "minutes without a record; 0: never"),
    "fileShape": Option("file_shape", file_shape, "JSON of what is not as measured in the files of raw_events"),
    "glueWorkers": Option("glue_workers", whole(2, 299), "workers of the Glue job"),
    "compactionWorkers": Option("compaction_workers", one_of(*get_args(CompactionWorkers)), "whether all compact"),
    "sessionGapMinutes": Option("session_gap_minutes", whole(1, LONGEST_GAP_S // 60), "pause that ends a session"),
    "sessionCuts": Option("session_cuts", one_of(*SESSION_CUTS), "what else ends a session"),
    "collector": Option("collector", one_of(*get_args(CollectorDoor)), "how trackers reach the collector"),
    "collectorOrigins": Option("collector_origins", origins, "sites whose browsers may read its answers, with commas"),
    "writeKeys": Option("write_keys", write_keys, "JSON of the app of each write key that may send; {} for any"),
    "collectorEventsPerMinute": Option("collector_events_per_minute", events_or_any, "events of one key; 0 for any"),
    "collectorRequestsPerSecond": Option("collector_requests_per_second", whole(1, 10_000), "limit of the API"),
    "collectorRequestsPerAddress": Option("collector_requests_per_address", whole(10, 2_000_000), "limit in 5 minutes"),
    "collectorConcurrency": Option("collector_concurrency", whole(0, 1_000), "requests at a time; 0 for any"),
    "customerKey": Option("customer_key", one_of(*get_args(Switch)), "a KMS key of the account for all at rest"),
    "vpc": Option("vpc", one_of(*get_args(Switch)), "functions in a network without internet"),
    "geoipFile": Option("geoip_file", database_file, "country database (.mmdb) for the countries of addresses"),
    "serving": Option("serving", one_of(*get_args(Switch)), "saved queries in the console"),
}


def read_config(context: Mapping[str, object]) -> Config:
    """Read the configuration; keys of CDK itself (`@aws-cdk/…`, `aws:cdk:…`, `cli-…`) are passed over.

    Raises:
        ConfigError: A key is unknown or a value is wrong; the message names the key and what is allowed.
    """
    ours = {key: value for key, value in context.items() if not _is_of_cdk(key)}
    if unknown := sorted(ours.keys() - OPTIONS.keys()):
        raise ConfigError(f"unknown context key {', '.join(unknown)}; known are {', '.join(OPTIONS)}")
    fields = {OPTIONS[key].field: _read(key, value) for key, value in ours.items()}
    config = Config(**fields)  # type: ignore[arg-type]  # each reader returns its field's type
    if config.stream_mode == "on-demand" and "streamShardCount" in ours:
        raise ConfigError("streamShardCount has no meaning with streamMode=on-demand: leave one of them out")
    if config.fault_injection == "on" and config.is_local:
        raise ConfigError("faultInjection=on needs AWS: no emulator injects faults; `make simulate` plays them here")
    if 0 < config.raw_events_days < config.sessions_days:
        # Nobody could be erased from sessions that cannot be built again.
        raise ConfigError("sessionsRetentionDays is more than rawEventsRetentionDays: sessions are made of raw_events")
    if config.is_local and config.vpc == "on":
        raise ConfigError("vpc=on is for AWS: the emulator has no network to close; leave it out locally")
    if config.is_local and config.serving == "on":
        raise ConfigError("serving=on is for AWS: the emulator takes no named query")
    return config


def _is_of_cdk(key: str) -> bool:
    return key.startswith(("@", "cli-")) or ":" in key


def _read(key: str, value: object) -> str | int:
    try:
        return OPTIONS[key].read(json.dumps(value) if isinstance(value, dict) else str(value))
    except ConfigError as error:
        raise ConfigError(f"{key}={value}: {error}") from error
