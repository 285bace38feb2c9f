"""What a month may cost: a budget that tells the topic before and when it is spent.

Source: AWS Cost Management user guide, "Creating an Amazon SNS topic for budget notifications". Why it watches the
account unless it is told otherwise: docs/decisions/0041-what-a-budget-watches.md.
"""

from aws_cdk import Aws
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk.config import Config
from cdk.encryption import Encryption

STACK_TAG = "clickstream-stack"
"""Tag of every resource, with the start of its stack's names as value."""
NOTIFIED = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
"""Percent of the budget that was spent, or will be by the end of the month, from which the topic is told."""
KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey*")
_DATA = budgets.CfnBudget.BudgetDataProperty


class Budget(Construct):
    """The budget, and its right to publish to the topic."""

    def __init__(
        self, scope: Construct, construct_id: str, config: Config, encryption: Encryption, topic: sns.Topic
    ) -> None:
        super().__init__(scope, construct_id)
        topic.add_to_resource_policy(_allow(["sns:Publish"], topic.topic_arn))
        if encryption.key:
            encryption.key.add_to_resource_policy(_allow(list(KEY_ACTIONS), "*"))
        budget = budgets.CfnBudget(
            self,
            "Monthly",
            budget=_data(config),
            notifications_with_subscribers=[_notification(kind, percent, topic) for kind, percent in NOTIFIED],
        )
        # With the topic comes its policy.
        budget.node.add_dependency(topic)


def _data(config: Config) -> budgets.CfnBudget.BudgetDataProperty:
    """Credits and refunds are left out: with those of a new account a stack would seem to cost nothing."""
    is_of_stack = config.budget_scope == "stack"
    return _DATA(
        # Unique in an account, which may have a stack in each of several regions.
        budget_name=f"{config.prefix}-{Aws.REGION}",
        budget_type="COST",
        time_unit="MONTHLY",
        budget_limit=budgets.CfnBudget.SpendProperty(amount=config.monthly_budget_dollars, unit="USD"),
        cost_types=budgets.CfnBudget.CostTypesProperty(include_credit=False, include_refund=False),
        cost_filters={"TagKeyValue": [f"user:{STACK_TAG}${config.prefix}"]} if is_of_stack else None,
    )


def _notification(kind: str, percent: float, topic: sns.Topic) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
    return budgets.CfnBudget.NotificationWithSubscribersProperty(
        notification=budgets.CfnBudget.NotificationProperty(
            notification_type=kind, comparison_operator="GREATER_THAN", threshold=percent, threshold_type="PERCENTAGE"
        ),
        subscribers=[budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topic.topic_arn)],
    )


def _allow(actions: list[str], resource: str) -> iam.PolicyStatement:
    """For budgets of this account alone."""
    return iam.PolicyStatement(
        sid="Budgets",
        principals=[iam.ServicePrincipal("budgets.amazonaws.com")],
        actions=actions,
        resources=[resource],
        conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
    )
