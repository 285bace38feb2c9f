"""Rules of AWS WAF in front of the collector: what no tracker does, before it costs an invocation."""

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from cdk.config import Config

LARGEST_BODY_BYTES = 65_536
"""Of a body, WAF sees at most this much in front of an API. What is longer is judged by its first part alone."""
MOST_HEADER_BYTES = 8_192
EVALUATED_S = 300
_RULES = wafv2.CfnWebACL
_NOTHING = {"type": "NONE", "priority": 0}
"""No decoding before a size is measured."""
COUNTED = ("SizeRestrictions_BODY", "CrossSiteScripting_BODY", "GenericLFI_BODY", "GenericRFI_BODY",
           "SizeRestrictions_QUERYSTRING", "CrossSiteScripting_QUERYARGUMENTS", "GenericRFI_QUERYARGUMENTS",
           "GenericLFI_QUERYARGUMENTS", "NoUserAgent_HEADER", "EC2MetaDataSSRF_BODY",
           "EC2MetaDataSSRF_QUERYARGUMENTS", "SizeRestrictions_Cookie_HEADER")  # fmt: skip
"""Rules of the common set that only count: a tracker rightly sends 500 KB, pages with `<script>` in their title, and
addresses of other sites; and server SDKs have no user agent. Nothing of a body is ever executed or shown here."""


def protect(scope: Construct, config: Config, stage: apigateway.Stage) -> wafv2.CfnWebACL:
    """Put a web ACL with our rules in front of the stage."""
    acl = wafv2.CfnWebACL(
        scope,
        "Firewall",
        name=f"{config.prefix}-collector",
        scope="REGIONAL",
        default_action=_RULES.DefaultActionProperty(allow={}),
        rules=[
            _rate(config),
            _headers(),
            _managed("AWSManagedRulesCommonRuleSet", 2, COUNTED),
            _managed("AWSManagedRulesAmazonIpReputationList", 3),
        ],
        visibility_config=_visible(config.prefix),
    )
    association = wafv2.CfnWebACLAssociation(
        scope, "FirewallOfStage", resource_arn=stage.stage_arn, web_acl_arn=acl.attr_arn
    )
    association.node.add_dependency(stage)
    return acl


def _rate(config: Config) -> wafv2.CfnWebACL.RuleProperty:
    """No address may send more requests in five minutes; offices and schools share one, so it is generous."""
    statement = _RULES.StatementProperty(
        rate_based_statement=_RULES.RateBasedStatementProperty(
            limit=config.collector_requests_per_address,
            aggregate_key_type="IP",
            evaluation_window_sec=EVALUATED_S,
        )
    )
    too_many = _RULES.BlockActionProperty(custom_response=_RULES.CustomResponseProperty(response_code=429))
    return _rule("rate", 0, statement, action=_RULES.RuleActionProperty(block=too_many))


def _headers() -> wafv2.CfnWebACL.RuleProperty:
    """Cookies of 8 KB and more are none of ours."""
    size = _RULES.SizeConstraintStatementProperty(
        field_to_match=_RULES.FieldToMatchProperty(single_header={"Name": "cookie"}),
        comparison_operator="GT",
        size=MOST_HEADER_BYTES,
        text_transformations=[_RULES.TextTransformationProperty(**_NOTHING)],  # type: ignore[arg-type]  # as declared above
    )
    block = _RULES.RuleActionProperty(block=_RULES.BlockActionProperty())
    return _rule("cookies", 1, _RULES.StatementProperty(size_constraint_statement=size), action=block)


def _managed(name: str, priority: int, counted: tuple[str, ...] = ()) -> wafv2.CfnWebACL.RuleProperty:
    count = _RULES.RuleActionProperty(count=_RULES.CountActionProperty())
    overrides = [_RULES.RuleActionOverrideProperty(name=rule, action_to_use=count) for rule in counted]
    group = _RULES.ManagedRuleGroupStatementProperty(vendor_name="AWS", name=name, rule_action_overrides=overrides)
    none = _RULES.OverrideActionProperty(none={})
    return _rule(name, priority, _RULES.StatementProperty(managed_rule_group_statement=group), override=none)


def _rule(
    name: str,
    priority: int,
    statement: wafv2.CfnWebACL.StatementProperty,
    *,
    action: wafv2.CfnWebACL.RuleActionProperty | None = None,
    override: wafv2.CfnWebACL.OverrideActionProperty | None = None,
) -> wafv2.CfnWebACL.RuleProperty:
    return _RULES.RuleProperty(
        name=name,
        priority=priority,
        statement=statement,
        action=action,
        override_action=override,
        visibility_config=_visible(name),
    )


def _visible(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    """Counted in CloudWatch. Requests are not sampled: a sample would show addresses and query strings."""
    return _RULES.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
