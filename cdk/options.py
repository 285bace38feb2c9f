"""The keys of CDK context, and the one configuration that is read from them.

Every key can stand on the command line (`cdk deploy -c environment=production`) or under `context` in cdk.json.
"""

import json
from collections.abc import Mapping
from typing import get_args

from cdk.collector_config import CollectorDoor
from cdk.config import BudgetScope, CompactionWorkers, Config, Environment, StreamMode, Switch
from cdk.context_values import (
    Option,
    address,
    database_file,
    days_or_all,
    events_or_any,
    file_shape,
    notebook_instance,
    one_in,
    one_of,
    origins,
    principal,
    quicksight_principal,
    whole,
    write_keys,
)
from clickstream.errors import ConfigError
from clickstream.lake.session_rules import LONGEST_GAP_S

SESSION_CUTS = ("none", "midnight", "campaign", "midnight,campaign")
SHARD_COUNTS = range(1, 501)
MEMORY_SIZES_MB = range(128, 10_241, 64)
"""In steps, because a CloudFormation template can raise a size to the floor only by a table of all sizes."""
RETENTION_DAYS = range(1, 3_651)
ON_OR_OFF = one_of(*get_args(Switch))

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
    "faultInjection": Option("fault_injection", ON_OR_OFF, "an experiment with faults"),
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
    "customerKey": Option("customer_key", ON_OR_OFF, "a KMS key of the account for all at rest"),
    "maskedTables": Option("masked_tables", ON_OR_OFF, "copies of the tables without persons"),
    "vpc": Option("vpc", ON_OR_OFF, "functions in a network without internet"),
    "monthlyBudgetDollars": Option("monthly_budget_dollars", whole(0, 100_000_000), "what a month may cost; 0: any"),
    "budgetScope": Option("budget_scope", one_of(*get_args(BudgetScope)), "whose costs the budget watches"),
    "geoipFile": Option("geoip_file", database_file, "country database (.mmdb) for the countries of addresses"),
    "analystPrincipal": Option("analyst_principal", principal, "ARN of who may ask where nobody is named"),
    "scientistPrincipal": Option("scientist_principal", principal, "ARN of who may ask about every event"),
    "onCallPrincipal": Option("on_call_principal", principal, "ARN of who may look at what runs, and start it"),
    "recoveryPrincipal": Option("recovery_principal", principal, "ARN of who may bring back what was given up"),
    "quicksightPrincipal": Option("quicksight_principal", quicksight_principal, "user or group that gets a dashboard"),
    "serving": Option("serving", ON_OR_OFF, "saved queries, and SageMaker"),
    "notebookInstance": Option("notebook_instance", notebook_instance, "type of the notebook instance, or off"),
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
    if 0 < config.raw_events_days < config.sessions_days:
        # Nobody could be erased from sessions that cannot be built again.
        raise ConfigError("sessionsRetentionDays is more than rawEventsRetentionDays: sessions are made of raw_events")
    if config.quicksight_principal and config.serving == "off":
        raise ConfigError("quicksightPrincipal has no meaning without serving=on: add it, or leave both out")
    if config.notebook_instance != "off" and config.serving == "off":
        raise ConfigError("notebookInstance needs serving=on: leave it out, or deploy what it works with")
    if config.is_local:
        _refuse_for_emulator(config)
    return config


def _refuse_for_emulator(config: Config) -> None:
    """Refuse what only an account has."""
    if config.fault_injection == "on":
        raise ConfigError("faultInjection=on needs AWS: no emulator injects faults; `make simulate` plays them here")
    if config.vpc == "on":
        raise ConfigError("vpc=on is for AWS: the emulator has no network to close; leave it out locally")
    if config.monthly_budget_dollars:
        raise ConfigError(
            "monthlyBudgetDollars is for AWS: nothing has a price here; `make cost` says what it costs there"
        )
    if config.serving == "on":
        raise ConfigError("serving=on is for AWS: the emulator takes no named query")


def _is_of_cdk(key: str) -> bool:
    return key.startswith(("@", "cli-")) or ":" in key


def _read(key: str, value: object) -> str | int:
    try:
        return OPTIONS[key].read(json.dumps(value) if isinstance(value, dict) else str(value))
    except ConfigError as error:
        raise ConfigError(f"{key}={value}: {error}") from error
