"""What `-c vpc=on` does: the functions reach what they call, and nothing else."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import prices
from cdk import checks
from cdk.network import GATEWAYS, INTERFACE_ACTIONS, INTERFACES, ZONES
from cdk.options import read_config
from clickstream.errors import ConfigError
from tests.infra.policy_requests import ACCOUNT, arn
from tests.infra.policy_statements import Grant
from tests.infra.policy_template import Resolved
from tests.infra.role_scenarios import FUNCTIONS
from tests.infra.service_side import UNUSED

Template = dict[str, Any]
OfType = Callable[[Template, str], list[dict[str, Any]]]
PAGE = Path(__file__).parents[2] / "docs" / "aws.md"
OF_LAMBDA = {"ManageInterfaces", "LeaveInterfacesToLambda"}
ENDPOINTS = {"kinesis": "kinesis-streams"}
"""By prefix of actions, the name of a service's endpoint where it is another."""
WITHOUT_A_WAY_OUT = {
    "AWS::EC2::FlowLog",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCEndpoint",
}
"""Neither a route nor a gateway to the internet, nor an address of its own, nor a peer."""


@pytest.fixture
def closed(template_of: Callable[..., Template]) -> Template:
    """Production with the network."""
    return template_of(environment="production", vpc="on")


@pytest.fixture
def stack(closed: Template) -> Resolved:
    """The same with its names."""
    return Resolved(closed)


def test_only_the_functions_change(template_of: Callable[..., Template], closed: Template) -> None:
    """Whatever else is there without a network is the same with it, but for the key, which lets flows be logged."""
    without = template_of(environment="production")["Resources"]
    changed = {name for name, resource in without.items() if closed["Resources"].get(name) != resource}
    functions = {name for name, one in without.items() if one["Type"] == "AWS::Lambda::Function"}
    policies = {name for name in without if name.startswith(tuple(f"{role}DefaultPolicy" for role in FUNCTIONS))}
    (key,) = [name for name, one in without.items() if one["Type"] == "AWS::KMS::Key"]
    assert changed == functions | policies | {key}
    added = closed["Resources"].keys() - without.keys()
    assert all(name.startswith("Network") for name in added)
    assert not any("EC2" in one["Type"] for one in without.values())


def test_the_emulator_has_no_network() -> None:
    """It would take the network and close nothing; so the configuration refuses it, in a sentence."""
    with pytest.raises(ConfigError, match="vpc=on is for AWS"):
        read_config({"environment": "local", "vpc": "on"})


@pytest.mark.parametrize("more", [{}, {"faultInjection": "on"}])
def test_what_is_called_has_an_endpoint(template_of: Callable[..., Template], more: dict[str, str]) -> None:
    """The services that code of the functions calls by its roles are those with an endpoint: none less, none more."""
    stack = Resolved(template_of(environment="production", vpc="on", **more))
    called = {service for role in FUNCTIONS for service in _called(stack, role)}
    names = {_service(endpoint) for endpoint in stack.of_type("EC2::VPCEndpoint").values()}
    assert names == {ENDPOINTS.get(service, service) for service in called}
    assert len(stack.of_type("EC2::VPCEndpoint")) == len(GATEWAYS) + len(INTERFACES)


def test_every_function_is_inside(closed: Template, of_type: OfType) -> None:
    """Each has an interface in every zone, in the group of functions, and waits for the endpoints."""
    places = [function["VpcConfig"] for function in of_type(closed, "Lambda::Function")]
    assert len(places) == len(FUNCTIONS)
    subnets = [{"Ref": name} for name, one in closed["Resources"].items() if one["Type"] == "AWS::EC2::Subnet"]
    assert len(subnets) == ZONES
    zones = {json.dumps(one["AvailabilityZone"]) for one in of_type(closed, "EC2::Subnet")}
    assert len(zones) == ZONES
    for place in places:
        assert place["SubnetIds"] == subnets
        assert [group["Fn::GetAtt"][0] for group in place["SecurityGroupIds"]] == [_group(closed, "Functions")]
    endpoints = {name for name, one in closed["Resources"].items() if one["Type"] == "AWS::EC2::VPCEndpoint"}
    functions = [one for one in closed["Resources"].values() if one["Type"] == "AWS::Lambda::Function"]
    assert all(endpoints <= set(one["DependsOn"]) for one in functions)


def test_no_way_out(closed: Template, of_type: OfType) -> None:
    """There is no internet or NAT gateway and no route but those of endpoints, and no public address is given."""
    types = {one["Type"] for one in closed["Resources"].values() if one["Type"].startswith("AWS::EC2::")}
    assert types == WITHOUT_A_WAY_OUT
    assert [subnet["MapPublicIpOnLaunch"] for subnet in of_type(closed, "EC2::Subnet")] == [False] * ZONES


def test_ports(closed: Template, of_type: OfType) -> None:
    """Functions speak TLS and are spoken to by nobody; endpoints are spoken to by functions and speak to nobody."""
    groups = closed["Resources"]
    functions, endpoints = (groups[_group(closed, name)]["Properties"] for name in ("Functions", "Endpoints"))
    assert [(one["FromPort"], one["ToPort"], one["IpProtocol"]) for one in functions["SecurityGroupEgress"]] == [
        (443, 443, "tcp")
    ]
    assert [one["CidrIp"] for one in endpoints["SecurityGroupEgress"]] == ["255.255.255.255/32"]
    assert not any("SecurityGroupIngress" in one for one in (functions, endpoints))
    (entry,) = of_type(closed, "EC2::SecurityGroupIngress")
    assert (entry["FromPort"], entry["ToPort"], entry["IpProtocol"]) == (443, 443, "tcp")
    assert entry["GroupId"]["Fn::GetAtt"][0] == _group(closed, "Endpoints")
    assert entry["SourceSecurityGroupId"]["Fn::GetAtt"][0] == _group(closed, "Functions")


def test_endpoints_are_for_this_account(stack: Resolved) -> None:
    """Neither can another account's credentials be used through them, nor another account's bucket be written to."""
    for endpoint in stack.of_type("EC2::VPCEndpoint").values():
        (statement,) = endpoint["PolicyDocument"]["Statement"]
        here = {"aws:PrincipalAccount": ACCOUNT, "aws:ResourceAccount": ACCOUNT}
        assert (statement["Effect"], statement["Condition"]) == ("Allow", {"StringEquals": here})
        if endpoint["VpcEndpointType"] == "Interface":
            assert endpoint["PrivateDnsEnabled"] is True


@pytest.mark.parametrize("role", FUNCTIONS)
def test_roles_get_what_lambda_needs(template_of: Callable[..., Template], stack: Resolved, role: str) -> None:
    """Each role gets the documented actions, its own code is denied every one of them, and nothing else changes."""
    without = set(map(repr, Resolved(template_of(environment="production")).role(role)))
    grants = [grant for grant in stack.role(role) if repr(grant) not in without]
    given = {(grant.effect, grant.action) for grant in grants}
    assert given == {(effect, action) for effect in ("Allow", "Deny") for action in INTERFACE_ACTIONS}
    assert without <= set(map(repr, stack.role(role)))
    module, _ = FUNCTIONS[role]
    name = f"function:clickstream-production-{module.__name__.replace('_', '-')}"
    denied = {"ArnEquals": {"lambda:SourceFunctionArn": arn("lambda", name)}}
    assert all(grant.conditions == (denied if grant.effect == "Deny" else {}) for grant in grants)


def test_connections_are_logged(stack: Resolved) -> None:
    """All of them, to a group that forgets and is encrypted by the key, which lets that group use it."""
    (flows,) = stack.of_type("EC2::FlowLog").values()
    (key,) = stack.of_type("KMS::Key").values()
    (group,) = [one for one in stack.of_type("Logs::LogGroup").values() if "/aws/vpc/" in one["LogGroupName"]]
    assert (flows["TrafficType"], flows["LogGroupName"]) == ("ALL", group["LogGroupName"])
    assert group["RetentionInDays"] == 30
    assert group["KmsKeyId"] == stack.arn(next(iter(stack.of_type("KMS::Key"))))
    assert arn("logs", "log-group:/aws/vpc/clickstream-production-*") in json.dumps(key["KeyPolicy"])
    grants = [grant for grant in stack.role("NetworkRole") if grant.effect == "Allow"]
    assert all(grant.resource == arn("logs", f"log-group:{group['LogGroupName']}:*") for grant in grants)


def test_nothing_is_found(tmp_path: Path) -> None:
    """The gate passes with the network, with reasons that it needs."""
    out = tmp_path / "out"
    assert checks.findings(checks.application(tmp_path, ("dev", "production"), vpc="on"), out) == []
    assert checks.idle(out / checks.REPORT, vpc="on") == []


def test_what_it_costs_is_said() -> None:
    """The page names the price of the endpoints that stand idle."""
    month = len(INTERFACES) * ZONES * prices.ENDPOINT_ZONE_HOUR * prices.HOURS_PER_MONTH
    assert f"${month:.2f} a month" in PAGE.read_text()


def _called(stack: Resolved, role: str) -> Iterator[str]:
    """Services that code with the role calls itself: not Lambda in its name, and not KMS through another service."""
    for grant in stack.role(role):
        if grant.effect == "Allow" and grant.sid not in OF_LAMBDA and not _by_aws(role, grant):
            yield grant.action.partition(":")[0]


def _by_aws(role: str, grant: Grant) -> bool:
    by_service = any("kms:ViaService" in keys for keys in grant.conditions.values())
    return by_service or (grant.sid, grant.action) in UNUSED[role]


def _service(endpoint: dict[str, Any]) -> str:
    return str(endpoint["ServiceName"]).rpartition(".")[2]


def _group(template: Template, name: str) -> str:
    (found,) = [
        str(one)
        for one, resource in template["Resources"].items()
        if resource["Type"] == "AWS::EC2::SecurityGroup" and one.startswith(f"Network{name}Group")
    ]
    return found
