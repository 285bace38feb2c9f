"""The stack: the parts in the order in which data flows, and the outputs that everything else reads."""

from pathlib import Path

from aws_cdk import CfnOutput, IStackSynthesizer, Stack, Tags
from constructs import Construct

from batch_jobs.steps import COMMON_ARGUMENTS
from cdk.batch import Batch
from cdk.buckets import access_log_bucket
from cdk.budget import STACK_TAG, Budget
from cdk.code import Code
from cdk.collector import Collector
from cdk.config import Config
from cdk.encryption import Encryption
from cdk.experiment import Experiment
from cdk.ingest import Ingest
from cdk.lake import Lake
from cdk.layer import BUILD
from cdk.monitoring import Monitoring
from cdk.network import Network
from cdk.people import People
from cdk.realtime import Realtime
from cdk.serving import Serving
from cdk.traffic import Traffic


class ClickstreamStack(Stack):
    """A whole clickstream lake, for any account and region.

    Raises:
        ConfigError: An archive that is to be deployed has not been built.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        config: Config,
        build: Path = BUILD,
        synthesizer: IStackSynthesizer | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            synthesizer=synthesizer,
            description="Clickstream data lake: live counters, exactly-once Parquet, Athena",
            termination_protection=not config.is_disposable,
        )
        # Buckets are owner-enforced, so what delivers access logs is named in a policy, not in an access list.
        self.node.set_context("@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy", True)
        Tags.of(self).add(STACK_TAG, config.prefix)
        code = Code(self, "Code", config, build)
        encryption = Encryption(self, "Encryption", config)
        logs = access_log_bucket(self, "AccessLogs", config)
        ingest = Ingest(self, "Ingest", config=config, encryption=encryption, logs=logs)
        collector = self._collector(config, code, encryption, ingest)
        lake = Lake(self, "Lake", config=config, encryption=encryption, logs=logs)
        realtime = Realtime(self, "Realtime", config=config, code=code, encryption=encryption, ingest=ingest, lake=lake)
        batch = Batch(self, "Batch", config, code, encryption, lake, realtime, ingest.failures)
        traffic = Traffic(self, "Traffic", config, code, encryption, realtime.tables, realtime.topic)
        monitoring = Monitoring(self, "Monitoring", config, ingest, collector, realtime, batch, traffic, lake)
        if config.vpc == "on":
            self._enclose(Network(self, "Network", config, encryption), realtime, traffic, collector)
        if config.monthly_budget_dollars:
            Budget(self, "Budget", config, encryption, realtime.topic)
        serving = self._serving(config, encryption, lake)
        people = People(self, "People", config, encryption, ingest, collector, lake, realtime, batch, traffic, serving)
        if config.fault_injection == "on":
            experiment = Experiment(self, "Experiment", config, encryption, realtime, monitoring, logs)
            CfnOutput(self, "ExperimentTemplateId", value=experiment.template_id)
        outputs = {
            **_stored(ingest, lake, realtime),
            **_running(realtime, batch, traffic, monitoring),
            **(_collecting(config, collector) if collector else {}),
            **(serving.sagemaker.outputs if serving else {}),
            **people.outputs,
            **{COMMON_ARGUMENTS[name]: value for name, value in config.batch_settings.items()},
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)

    def _enclose(self, network: Network, realtime: Realtime, traffic: Traffic, collector: Collector | None) -> None:
        """Put all functions into the network."""
        consumers = [realtime.process_events.function, realtime.detect_anomalies.function, traffic.function]
        for function in (*consumers, *([collector.function] if collector else [])):
            network.take_in(function)

    def _serving(self, config: Config, encryption: Encryption, lake: Lake) -> Serving | None:
        """What analysts, models and dashboards need, if anybody does."""
        if config.serving == "off":
            return None
        return Serving(self, "Serving", config=config, encryption=encryption, lake=lake)

    def _collector(self, config: Config, code: Code, encryption: Encryption, ingest: Ingest) -> Collector | None:
        """The collector, unless producers write to the stream themselves."""
        if config.collector_door == "off":
            return None
        return Collector(self, "Collector", config=config, code=code, encryption=encryption, ingest=ingest)


def _stored(ingest: Ingest, lake: Lake, realtime: Realtime) -> dict[str, str]:
    """Outputs that name where events come in and where data is."""
    tables = realtime.tables
    return {
        "StreamName": ingest.stream.stream_name,
        "FailureBucketName": ingest.failures.bucket_name,
        "BucketName": lake.bucket.bucket_name,
        "DatabaseName": lake.database_name,
        "WorkgroupName": lake.workgroup_name,
        "LedgerTableName": tables.ledger.table_name,
        "CountersTableName": tables.counters.table_name,
        "PageMetricsTableName": tables.page_metrics.table_name,
        "SessionMetricsTableName": tables.session_metrics.table_name,
        "TrafficStatesTableName": tables.traffic_states.table_name,
        "AnomaliesTableName": tables.anomalies.table_name,
    }


def _collecting(config: Config, collector: Collector) -> dict[str, str]:
    """Outputs of the collector. On the emulator its address is COLLECTOR_URL of the platform."""
    address = {} if config.is_local else {"CollectorUrl": collector.door.url}
    return {**address, "CollectEventsFunctionName": collector.function.function_name}


def _running(realtime: Realtime, batch: Batch, traffic: Traffic, monitoring: Monitoring) -> dict[str, str]:
    """Outputs that name what works on it, and where to look."""
    return {
        "ProcessEventsFunctionName": realtime.process_events.function.function_name,
        "DetectAnomaliesFunctionName": realtime.detect_anomalies.function.function_name,
        "DetectTrafficAnomaliesFunctionName": traffic.function.function_name,
        "TopicArn": realtime.topic.topic_arn,
        "JobName": batch.job_name,
        "StateMachineArn": batch.workflow.state_machine_arn,
        "DashboardName": monitoring.dashboard_name,
        "DashboardUrl": monitoring.dashboard_url,
    }
