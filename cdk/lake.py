"""The lake: its bucket, the Glue catalog generated from `clickstream.tables`, and the Athena workgroup."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_glue as glue
from aws_cdk import aws_s3 as s3
from constructs import Construct

from batch_jobs.reports.report_list import REPORTS
from cdk.buckets import private_bucket
from cdk.config import Config
from cdk.encryption import Encryption
from cdk.workgroup import guarded_workgroup
from clickstream.lake.retention import LEFT_ALONE
from clickstream.lake_table import Column, LakeTable
from clickstream.tables import (
    BAD_EVENTS,
    LAKE_TABLES,
    MASKED_EVENTS,
    MASKED_SESSIONS,
    MASKING_SALTS_PREFIX,
    QUARANTINE_PREFIX,
    RAW_EVENTS,
    REPORTS_PREFIX,
    RESULTS_PREFIX,
    SESSION_SCORES,
    SESSIONS,
)

COMMENT_LIMIT = 255
"""Glue refuses longer column comments."""


class Lake(Construct):
    """Bucket, catalog and query guard.

    Attributes:
        bucket: Holds landing, raw_events, commits, reports and query results.
        database_name: Glue database.
        workgroup: Athena workgroup, and
        workgroup_name: its name; it enforces result location, encryption and scan limit.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, config: Config, encryption: Encryption, logs: s3.IBucket
    ) -> None:
        super().__init__(scope, construct_id)
        rules = retention_rules(config)
        self.bucket = private_bucket(self, "Bucket", config, rules, key=encryption.key, logs=logs)
        self.database_name = config.prefix.replace("-", "_")
        self._catalog()
        self.workgroup_name = config.prefix
        self.workgroup = guarded_workgroup(
            self,
            config=config,
            encryption=encryption,
            bucket=self.bucket,
            name=self.workgroup_name,
            description="All queries on the clickstream lake",
            results=RESULTS_PREFIX,
        )

    def _catalog(self) -> None:
        account = Stack.of(self).account
        database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=self.database_name, description="Clickstream lake: every event once, partitioned by received hour"
            ),
        )
        for table in (*LAKE_TABLES, *(report.table for report in REPORTS)):
            definition = glue.CfnTable(
                self,
                "".join(word.capitalize() for word in table.name.split("_")),
                catalog_id=account,
                database_name=self.database_name,
                table_input=self._table_input(table),
            )
            definition.node.add_dependency(database)

    def _table_input(self, table: LakeTable) -> glue.CfnTable.TableInputProperty:
        return glue.CfnTable.TableInputProperty(
            name=table.name,
            description=table.grain,
            table_type="EXTERNAL_TABLE",
            parameters={"classification": "parquet", "EXTERNAL": "TRUE"},
            partition_keys=[_glue_column(column) for column in table.partition_keys],
            storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                columns=[_glue_column(column) for column in table.columns],
                # Only partitions have data: an hour is swapped by pointing its partition to a new generation.
                location=f"s3://{self.bucket.bucket_name}/empty/{table.name}/",
                input_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                output_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                serde_info=glue.CfnTable.SerdeInfoProperty(
                    serialization_library="org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
                    parameters={"serialization.format": "1"},
                ),
            ),
        )


def retention_rules(config: Config) -> list[s3.LifecycleRule]:
    """What S3 deletes by itself, by age of the object. Landing is not among it: the jobs know what was compacted."""
    zones = {
        RESULTS_PREFIX: ("query-results", config.result_days),
        BAD_EVENTS.name: ("bad-events", config.bad_events_days),
        QUARANTINE_PREFIX: ("quarantine", config.quarantine_days),
        REPORTS_PREFIX: ("reports", config.report_days),
        RAW_EVENTS.name: ("raw-events", _after_the_jobs(config.raw_events_days)),
        SESSIONS.name: ("sessions", _after_the_jobs(config.sessions_days or config.raw_events_days)),
        SESSION_SCORES.name: ("session-scores", _after_the_jobs(config.sessions_days or config.raw_events_days)),
        MASKED_EVENTS.name: ("masked-events", _after_the_jobs(config.raw_events_days)),
        MASKED_SESSIONS.name: ("masked-sessions", _after_the_jobs(config.sessions_days or config.raw_events_days)),
        # Without its salt nobody can try whether a key is somebody's.
        MASKING_SALTS_PREFIX: ("masking-salts", _after_the_jobs(config.raw_events_days)),
    }
    return [
        s3.LifecycleRule(id=name, prefix=f"{prefix}/", expiration=Duration.days(days))
        for prefix, (name, days) in zones.items()
        if days
    ]


def _after_the_jobs(days: int) -> int:
    """The age at which the jobs have left a file alone for long enough; 0, for no limit, stays 0."""
    return days and days + LEFT_ALONE.days


def _glue_column(column: Column) -> glue.CfnTable.ColumnProperty:
    return glue.CfnTable.ColumnProperty(name=column.name, type=column.glue_type, comment=column.meaning[:COMMENT_LIMIT])
