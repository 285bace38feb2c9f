"""The live half: both consumers of the stream, what they write, and who is told."""

from pathlib import Path

from aws_cdk import IgnoreMode, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from cdk.code import Code
from cdk.config import Config
from cdk.encryption import Encryption
from cdk.ingest import Ingest
from cdk.lake import Lake
from cdk.stream_function import StreamFunction
from cdk.tables import PENDING_INDEX, Tables
from clickstream.settings import DetectAnomaliesSettings, ProcessEventsSettings, variables
from clickstream.tables import BAD_EVENTS, DELTAS_PREFIX, LANDING_PREFIX

KEY_LENGTH = 64
APPEND = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query")
WRITE_PAGES = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem")


class Realtime(Construct):
    """Tables, functions, alert topic and the key of pseudonyms.

    Attributes:
        tables: The DynamoDB tables.
        topic: Receives anomalies and alarms.
        secret: `{"key_id": …, "key": …}` for the pseudonyms in `user_id`.
        process_events: Archives, commits and counts.
        detect_anomalies: Keeps sessions and finds anomalies.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Config,
        code: Code,
        encryption: Encryption,
        ingest: Ingest,
        lake: Lake,
    ) -> None:
        super().__init__(scope, construct_id)
        self._encryption = encryption
        self.tables = Tables(self, "Tables", config, encryption)
        self.topic = self._topic(config)
        self.secret = self._secret(config)
        self.process_events = self._process_events(config, code, ingest, lake)
        self.detect_anomalies = self._detect_anomalies(config, code, ingest)

    def _topic(self, config: Config) -> sns.Topic:
        topic = sns.Topic(
            self, "Alerts", topic_name=f"{config.prefix}-alerts", enforce_ssl=True, master_key=self._encryption.key
        )
        # `enforce_ssl` replaces the default policy, which would have let alarms of this account publish.
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
        if config.alert_email:
            topic.add_subscription(subscriptions.EmailSubscription(config.alert_email))
        return topic

    def _secret(self, config: Config) -> secretsmanager.Secret:
        return secretsmanager.Secret(
            self,
            "PseudonymKey",
            description="Key of the pseudonyms in user_id; whoever has it can link them to people",
            encryption_key=self._encryption.key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template='{"key_id": "k1"}',  # noqa: S106  the secret itself is generated
                generate_string_key="key",
                exclude_punctuation=True,
                password_length=KEY_LENGTH,
            ),
            removal_policy=RemovalPolicy.DESTROY if config.is_disposable else RemovalPolicy.RETAIN,
        )

    def _process_events(self, config: Config, code: Code, ingest: Ingest, lake: Lake) -> StreamFunction:
        tables = self.tables
        environment = variables(
            ProcessEventsSettings,
            bucket=lake.bucket.bucket_name,
            ledger_table=tables.ledger.table_name,
            counters_table=tables.counters.table_name,
            page_metrics_table=tables.page_metrics.table_name,
            retention_days=config.retention_days,
            pseudonym_secret=self.secret.secret_arn,
            geoip_file=config.deployed_geoip_file,
            code_version=code.version,
        )
        consumer = StreamFunction(
            self,
            "ProcessEvents",
            config=config,
            code=code,
            encryption=self._encryption,
            ingest=ingest,
            module="process_events",
            environment=environment,
        )
        if config.geoip_file and not config.is_local:
            consumer.function.add_layers(self._countries(config))
        deltas = lake.bucket.arn_for_objects(f"{DELTAS_PREFIX}/*")
        objects = [lake.bucket.arn_for_objects(f"{name}/*") for name in (LANDING_PREFIX, BAD_EVENTS.name)]
        consumer.allow("PutObjects", ["s3:PutObject"], *objects, deltas)
        consumer.allow("ReadDeltas", ["s3:GetObject"], deltas)
        consumer.allow("AppendCommits", APPEND, tables.ledger.table_arn)
        consumer.allow("WritePages", WRITE_PAGES, *_arns(tables.counters, tables.page_metrics))
        consumer.allow("ReadKey", ["secretsmanager:GetSecretValue"], self.secret.secret_arn)
        read_from = ("kinesis", "s3", "dynamodb", "secretsmanager")
        consumer.allow_key(self._encryption.statements(decrypt=read_from, encrypt=("s3",)))
        return consumer

    def _countries(self, config: Config) -> lambda_.LayerVersion:
        """The country database and nothing else of its folder, as a layer: it changes more rarely than the code."""
        file = Path(config.geoip_file)
        content = lambda_.Code.from_asset(str(file.parent), exclude=["*", f"!{file.name}"], ignore_mode=IgnoreMode.GIT)
        return lambda_.LayerVersion(self, "Countries", code=content, description=f"{file.name}, countries of addresses")

    def _detect_anomalies(self, config: Config, code: Code, ingest: Ingest) -> StreamFunction:
        tables = self.tables
        environment = variables(
            DetectAnomaliesSettings,
            session_metrics_table=tables.session_metrics.table_name,
            anomalies_table=tables.anomalies.table_name,
            topic_arn=self.topic.topic_arn,
            retention_days=config.retention_days,
        )
        consumer = StreamFunction(
            self,
            "DetectAnomalies",
            config=config,
            code=code,
            encryption=self._encryption,
            ingest=ingest,
            module="detect_anomalies",
            environment=environment,
        )
        consumer.allow("WriteSessions", (*WRITE_PAGES, "dynamodb:Query"), tables.session_metrics.table_arn)
        consumer.allow("PutAnomalies", ["dynamodb:BatchGetItem", "dynamodb:PutItem"], tables.anomalies.table_arn)
        consumer.allow("ReadPending", ["dynamodb:Query"], f"{tables.anomalies.table_arn}/index/{PENDING_INDEX}")
        consumer.allow("Alert", ["sns:Publish"], self.topic.topic_arn)
        statements = self._encryption.statements(decrypt=("kinesis", "dynamodb", "sns"), encrypt=("s3", "sns"))
        consumer.allow_key(statements)
        return consumer


def _arns(*tables: dynamodb.Table) -> list[str]:
    return [table.table_arn for table in tables]
