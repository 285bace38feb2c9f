"""The DynamoDB tables: the ledger, the live metrics and the anomalies."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from cdk.config import Config
from cdk.encryption import Encryption

PARTITION_KEY = dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING)
SORT_KEY = dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING)
EXPIRY = "expires_at"
PENDING_INDEX = "pending"


class Tables(Construct):
    """On-demand tables with the text keys `pk` and `sk`.

    Attributes:
        ledger: Commits of every lane; never expires, the lake is proven by it.
        counters: Event counts by received minute.
        page_metrics: Counts by page and received minute.
        session_metrics: State of live sessions.
        traffic_states: Models of the traffic, one item a series.
        anomalies: What the detectors found; the sparse index `pending` lists what nobody was told yet.
    """

    def __init__(self, scope: Construct, construct_id: str, config: Config, encryption: Encryption) -> None:
        super().__init__(scope, construct_id)
        self._config = config
        self._encryption = encryption
        self.ledger = self._table("ledger", expiry=None)
        self.counters = self._table("counters")
        self.page_metrics = self._table("page-metrics")
        self.session_metrics = self._table("session-metrics")
        self.traffic_states = self._table("traffic-states")
        self.anomalies = self._table("anomalies")
        self.anomalies.add_global_secondary_index(
            index_name=PENDING_INDEX,
            partition_key=dynamodb.Attribute(name=PENDING_INDEX, type=dynamodb.AttributeType.STRING),
            sort_key=SORT_KEY,
        )

    @property
    def all(self) -> tuple[dynamodb.Table, ...]:
        """Every table."""
        metrics = (self.counters, self.page_metrics, self.session_metrics, self.traffic_states)
        return (self.ledger, *metrics, self.anomalies)

    def _table(self, name: str, expiry: str | None = EXPIRY) -> dynamodb.Table:
        return table_named(self, name, self._config, self._encryption, expiry)


def table_named(
    scope: Construct, name: str, config: Config, encryption: Encryption, expiry: str | None = EXPIRY
) -> dynamodb.Table:
    """An on-demand table with the text keys `pk` and `sk`, encrypted and recoverable."""
    return dynamodb.Table(
        scope,
        "".join(word.capitalize() for word in name.split("-")),
        table_name=f"{config.prefix}-{name}",
        partition_key=PARTITION_KEY,
        sort_key=SORT_KEY,
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED
        if encryption.key
        else dynamodb.TableEncryption.AWS_MANAGED,
        encryption_key=encryption.key,
        time_to_live_attribute=expiry,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        deletion_protection=not config.is_disposable,
        removal_policy=RemovalPolicy.DESTROY if config.is_disposable else RemovalPolicy.RETAIN,
    )
