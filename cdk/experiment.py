"""An experiment of AWS Fault Injection Service: the function that counts is slow, fails before its work, and after it.

Deployed with `-c faultInjection=on`. Nothing is injected until somebody starts the experiment. Sources: AWS FIS user
guide, "Use the AWS FIS aws:lambda:function actions" and "AWS FIS Actions reference".
"""

from typing import cast

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_fis as fis
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from cdk.buckets import private_bucket
from cdk.config import Config
from cdk.encryption import Encryption
from cdk.monitoring import Monitoring
from cdk.realtime import Realtime

EXTENSION = "/aws/service/fis/lambda-extension/AWS-FIS-extension-x86_64/1.x.x"
"""Public parameter with the address of the layer in this region."""
FOLDER = "FisConfigs"
"""Where the service puts what the extension is to do."""
STOPS = ("ProcessEventsDropped", "ProcessEventsLate", "CounterDifference", "LedgerContradictions")
"""Alarms that end the experiment: what must not happen whatever fails. Errors are what it is there for."""
LENGTH = "PT10M"
TARGET = "Processor"
FAULTS = {
    "Slow": ("aws:lambda:invocation-add-delay", {"invocationPercentage": "50", "startupDelayMilliseconds": "20000"}),
    "FailsBefore": ("aws:lambda:invocation-error", {"invocationPercentage": "50", "preventExecution": "true"}),
    "FailsAfter": ("aws:lambda:invocation-error", {"invocationPercentage": "50", "preventExecution": "false"}),
}
"""One after the other. `FailsAfter` loses the answer of an invocation that has done all of its work."""


class Experiment(Construct):
    """Template of the experiment, its role, and the extension in the function.

    Attributes:
        template_id: What `aws fis start-experiment` wants.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        config: Config,
        encryption: Encryption,
        realtime: Realtime,
        monitoring: Monitoring,
        logs: s3.IBucket,
    ) -> None:
        super().__init__(scope, construct_id)
        expiry = s3.LifecycleRule(id="faults", expiration=Duration.days(1))
        bucket = private_bucket(self, "Config", config, [expiry], key=encryption.key, logs=logs)
        function = realtime.process_events.function
        self._add_extension(function, bucket)
        realtime.process_events.allow("ReadFaults", ["s3:GetObject"], bucket.arn_for_objects(f"{FOLDER}/*"))
        realtime.process_events.allow("ListFaults", ["s3:ListBucket"], bucket.bucket_arn)
        role = self._role(function, bucket, encryption)
        template = fis.CfnExperimentTemplate(
            self,
            "Template",
            description=f"{config.prefix}: process_events is slow, fails before its work, fails after it",
            role_arn=role.role_arn,
            stop_conditions=[_stop(monitoring, name) for name in STOPS],
            targets={TARGET: _target(function)},
            actions=_actions(),
            tags={"Name": config.prefix},
        )
        template.node.add_dependency(role)
        self.template_id = template.attr_id

    def _add_extension(self, function: lambda_.Function, bucket: s3.Bucket) -> None:
        layer = ssm.StringParameter.value_for_string_parameter(self, EXTENSION)
        function.add_layers(lambda_.LayerVersion.from_layer_version_arn(self, "Extension", layer))
        function.add_environment("AWS_LAMBDA_EXEC_WRAPPER", "/opt/aws-fis/bootstrap")
        function.add_environment("AWS_FIS_CONFIGURATION_LOCATION", bucket.arn_for_objects(f"{FOLDER}/"))

    def _role(self, function: lambda_.Function, bucket: s3.Bucket, encryption: Encryption) -> iam.Role:
        here = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("fis.amazonaws.com", conditions=here))
        objects = bucket.arn_for_objects(f"{FOLDER}/*")
        for sid, actions, resource in (
            ("WriteFaults", ["s3:PutObject", "s3:DeleteObject"], objects),
            ("ReadFunction", ["lambda:GetFunction"], function.function_arn),
            # It knows no resources.
            ("FindTargets", ["tag:GetResources"], "*"),
        ):
            role.add_to_policy(iam.PolicyStatement(sid=sid, actions=actions, resources=[resource]))
        for statement in encryption.statements(encrypt=("s3",)):
            role.add_to_policy(statement)
        return role


def _stop(monitoring: Monitoring, name: str) -> fis.CfnExperimentTemplate.ExperimentTemplateStopConditionProperty:
    alarm = cast("cloudwatch.Alarm", monitoring.node.find_child(name))
    return fis.CfnExperimentTemplate.ExperimentTemplateStopConditionProperty(
        source="aws:cloudwatch:alarm", value=alarm.alarm_arn
    )


def _target(function: lambda_.Function) -> fis.CfnExperimentTemplate.ExperimentTemplateTargetProperty:
    return fis.CfnExperimentTemplate.ExperimentTemplateTargetProperty(
        resource_type="aws:lambda:function", selection_mode="ALL", resource_arns=[function.function_arn]
    )


def _actions() -> dict[str, fis.CfnExperimentTemplate.ExperimentTemplateActionProperty]:
    names = list(FAULTS)
    return {
        name: fis.CfnExperimentTemplate.ExperimentTemplateActionProperty(
            action_id=action,
            parameters={"duration": LENGTH, **parameters},
            targets={"Functions": TARGET},
            start_after=names[number - 1 : number] or None,
        )
        for number, (name, (action, parameters)) in enumerate(FAULTS.items())
    }
