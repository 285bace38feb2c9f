"""A network without internet for the functions: only what they call can be reached, and only in this account.

Why the Glue job is not in it, and why ports are open to any address: docs/decisions/0039-a-network-without-internet.md.
"""

from aws_cdk import Aws, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.config import Config
from cdk.encryption import Encryption
from cdk.stream_function import log_group_named

HTTPS = ec2.Port.tcp(443)
ADDRESSES = "10.0.0.0/24"
"""Nothing is ever connected to it, so it may be the same as that of another network."""
SUBNET_BITS = 26
ZONES = 2
GATEWAYS = {
    "S3": ec2.GatewayVpcEndpointAwsService.S3,
    "DynamoDB": ec2.GatewayVpcEndpointAwsService.DYNAMODB,
}
INTERFACES = {
    "Kinesis": ec2.InterfaceVpcEndpointAwsService.KINESIS_STREAMS,
    "Sns": ec2.InterfaceVpcEndpointAwsService.SNS,
    "SecretsManager": ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
}
"""Services that code of the functions calls. Lambda writes the logs, and services call KMS, from networks of AWS."""
INTERFACE_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
"""What Lambda needs of a function's role. Source: AWS Lambda developer guide, "Giving Lambda functions access to
resources in an Amazon VPC"."""


class Network(Construct):
    """Isolated subnets in two zones, endpoints, security groups and a log of all connections."""

    def __init__(self, scope: Construct, construct_id: str, config: Config, encryption: Encryption) -> None:
        super().__init__(scope, construct_id)
        isolated = ec2.SubnetConfiguration(
            name="Functions", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=SUBNET_BITS
        )
        self._vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(ADDRESSES),
            max_azs=ZONES,
            nat_gateways=0,
            subnet_configuration=[isolated],
        )
        self._functions = self._group("Functions", "Functions of the stack")
        self._endpoints()
        self._log(config, encryption)

    def take_in(self, function: lambda_.Function) -> None:
        """Put the function into the network, and let Lambda, but not the function's code, make its interfaces."""
        resource = function.node.default_child
        assert isinstance(resource, lambda_.CfnFunction)  # noqa: S101  what the construct is made of
        resource.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
            subnet_ids=[subnet.subnet_id for subnet in self._vpc.isolated_subnets],
            security_group_ids=[self._functions.security_group_id],
        )
        name = resource.function_name
        arn = f"arn:{Aws.PARTITION}:lambda:{Aws.REGION}:{Aws.ACCOUNT_ID}:function:{name}"
        for sid, effect, conditions in (
            ("ManageInterfaces", iam.Effect.ALLOW, None),
            ("LeaveInterfacesToLambda", iam.Effect.DENY, {"ArnEquals": {"lambda:SourceFunctionArn": arn}}),
        ):
            function.add_to_role_policy(
                iam.PolicyStatement(
                    sid=sid, effect=effect, actions=list(INTERFACE_ACTIONS), resources=["*"], conditions=conditions
                )
            )
        # Its first call finds every endpoint.
        function.node.add_dependency(self)

    def _group(self, name: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(self, f"{name}Group", vpc=self._vpc, description=description, allow_all_outbound=False)

    def _endpoints(self) -> None:
        """Let functions reach endpoints, and endpoints be used for this account's things by its own roles alone."""
        group = self._group("Endpoints", "Interface endpoints")
        group.add_ingress_rule(self._functions, HTTPS, "Functions")
        # Gateways have addresses of their region, which no template knows: routes, not ports, are the limit.
        self._functions.add_egress_rule(ec2.Peer.any_ipv4(), HTTPS, "Endpoints; there is no route to anything else")
        for name, service in GATEWAYS.items():
            gateway = self._vpc.add_gateway_endpoint(name, service=service)
            gateway.add_to_policy(self._of_this_account())
        for name, interface in INTERFACES.items():
            endpoint = self._vpc.add_interface_endpoint(
                name, service=interface, security_groups=[group], open=False, private_dns_enabled=True
            )
            endpoint.add_to_policy(self._of_this_account())

    def _of_this_account(self) -> iam.PolicyStatement:
        account = Stack.of(self).account
        return iam.PolicyStatement(
            sid="ThisAccount",
            principals=[iam.AnyPrincipal()],
            actions=["*"],
            resources=["*"],
            conditions={"StringEquals": {"aws:PrincipalAccount": account, "aws:ResourceAccount": account}},
        )

    def _log(self, config: Config, encryption: Encryption) -> None:
        """Keep who spoke with whom, and what was refused; addresses are those of the network, not of visitors."""
        group = log_group_named(self, "Flows", config, f"/aws/vpc/{config.prefix}-flows", encryption.key)
        here = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("vpc-flow-logs.amazonaws.com", conditions=here))
        role.add_to_policy(
            iam.PolicyStatement(
                sid="WriteFlows",
                actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                resources=[group.log_group_arn],
            )
        )
        flows = ec2.CfnFlowLog(
            self,
            "FlowLog",
            resource_id=self._vpc.vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            log_group_name=group.log_group_name,
            deliver_logs_permission_arn=role.role_arn,
        )
        flows.node.add_dependency(role)
