"""What stands between the internet and the collector's function: an HTTP API, a REST API behind a firewall, or a URL.

Of these, only a REST API can be put behind AWS WAF: docs/decisions/0035-a-door-with-a-firewall.md.
"""

import json
from dataclasses import dataclass

from aws_cdk import Aws
from aws_cdk import aws_apigateway as rest
from aws_cdk import aws_apigatewayv2 as http
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.config import Config
from cdk.encryption import Encryption
from cdk.firewall import protect
from cdk.stream_function import log_group_named

STAGE = "v"
"""A REST API has a stage in its address; SDKs that cannot have a path there need a domain of their own."""
_LOGGED = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "method": "$context.httpMethod",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "latency": "$context.responseLatency",
    "integrationStatus": "$context.integrationStatus",
    "integrationError": "$context.integrationErrorMessage",
}
"""One line a request, without address, path, query and user agent: those are about people."""


@dataclass(frozen=True)
class Door:
    """How requests come in.

    Attributes:
        url: Where trackers send; without a slash at the end.
        failures: Requests that were answered with 5xx by whoever stands in front of the function.
        latency_ms: How long a client waited.
    """

    url: str
    failures: cloudwatch.Metric
    latency_ms: cloudwatch.Metric


def open_door(scope: Construct, config: Config, encryption: Encryption, function: lambda_.Function) -> Door:
    """Make the door that the configuration names."""
    if config.collector_door == "http-api":
        return _http_api(scope, config, encryption, function)
    if config.collector_door == "rest-api":
        return _rest_api(scope, config, function)
    return _function_url(function)


def _http_api(scope: Construct, config: Config, encryption: Encryption, function: lambda_.Function) -> Door:
    api = http.HttpApi(
        scope,
        "HttpApi",
        api_name=f"{config.prefix}-collector",
        default_integration=integrations.HttpLambdaIntegration("Function", function),
        create_default_stage=False,
    )
    log_name = f"/aws/apigateway/{config.prefix}-collector"
    log_group = log_group_named(scope, "AccessLogs", config, log_name, encryption.key)
    stage = http.HttpStage(
        scope,
        "Stage",
        http_api=api,
        stage_name="$default",
        auto_deploy=True,
        throttle=http.ThrottleSettings(
            rate_limit=config.collector_requests_per_second, burst_limit=2 * config.collector_requests_per_second
        ),
    )
    settings = stage.node.default_child
    assert isinstance(settings, http.CfnStage)  # noqa: S101  what the construct is made of
    settings.access_log_settings = http.CfnStage.AccessLogSettingsProperty(
        destination_arn=log_group.log_group_arn, format=json.dumps(_LOGGED)
    )
    url = f"https://{api.api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"
    dimensions = {"ApiId": api.api_id}
    return _door(url, "AWS/ApiGateway", "5xx", "Latency", dimensions)


def _rest_api(scope: Construct, config: Config, function: lambda_.Function) -> Door:
    api = rest.LambdaRestApi(
        scope,
        "RestApi",
        rest_api_name=f"{config.prefix}-collector",
        handler=function,
        proxy=True,
        # Whatever a client says that it sends, the function gets the bytes.
        binary_media_types=["*/*"],
        endpoint_types=[rest.EndpointType.REGIONAL],
        cloud_watch_role=False,
        deploy_options=rest.StageOptions(
            stage_name=STAGE,
            throttling_rate_limit=config.collector_requests_per_second,
            throttling_burst_limit=2 * config.collector_requests_per_second,
        ),
    )
    protect(scope, config, api.deployment_stage)
    url = f"https://{api.rest_api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}/{STAGE}"
    dimensions = {"ApiName": api.rest_api_name, "Stage": STAGE}
    return _door(url, "AWS/ApiGateway", "5XXError", "Latency", dimensions)


def _function_url(function: lambda_.Function) -> Door:
    url = function.add_function_url(auth_type=lambda_.FunctionUrlAuthType.NONE).url
    dimensions = {"FunctionName": function.function_name}
    return _door(url, "AWS/Lambda", "Url5xxCount", "UrlRequestLatency", dimensions)


def _door(url: str, namespace: str, failures: str, latency: str, dimensions: dict[str, str]) -> Door:
    made = [
        cloudwatch.Metric(namespace=namespace, metric_name=name, dimensions_map=dimensions, statistic=statistic)
        for name, statistic in ((failures, "Sum"), (latency, "p99"))
    ]
    return Door(url, *made)
