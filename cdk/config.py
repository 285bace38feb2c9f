"""What may be configured at deployment, as one frozen value; `cdk.options` reads it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cdk.collector_config import CollectorConfig, CollectorDoor
from cdk.people_config import PeopleConfig
from cdk.serving_config import ServingConfig

Environment = Literal["dev", "staging", "production", "local"]
StreamMode = Literal["provisioned", "on-demand"]
CompactionWorkers = Literal["spark", "plain"]
Switch = Literal["on", "off"]
BudgetScope = Literal["account", "stack"]
LEAST_MEMORY_MB = 1024
"""A full batch of packed events peaks at 400 MB, and a function's share of a CPU grows with its memory."""
BUCKETS_ON_DEMAND = 16
"""A stream of unknown size begins with 4 shards."""
BUSY_SHARD_BYTES = 100_000_000
"""Of 188,743,680 in three minutes. A power of ten, because a template can append zeros but not multiply."""


@dataclass(frozen=True)
class Config(CollectorConfig, PeopleConfig, ServingConfig):
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
        monthly_budget_dollars: Costs of a month of which the topic is told beforehand; 0 for no budget.
        budget_scope: Whether the budget is of the whole account, or of what has the stack's tag.
        serving: `on`, what analysts and scientists get is deployed as well; see `cdk.serving`.
        masked_tables: Whether `raw_events` and `sessions` have copies for readers who may not see persons.
        quicksight_principal: ARN of the user or group of QuickSight that gets datasets and dashboard; empty for none.
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
    monthly_budget_dollars: int = 0
    budget_scope: BudgetScope = "account"
    serving: Switch = "off"
    masked_tables: Switch = "on"
    quicksight_principal: str = ""

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
            "masked-tables": self.masked_tables,
        }

    @property
    def prefix(self) -> str:
        """Start of every name in the stack, and the stack's own name."""
        return f"clickstream-{self.environment}"
