"""Check the stack as it would be deployed: cdk-nag's packs and our own rules, on every environment of AWS.

One more stack has everything that is optional, together.

    python -m cdk.checks

Findings that we keep are in `cdk.acknowledgements`; our own rules are in `cdk/rules/*.guard`.
"""

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, cast

from aws_cdk import Acknowledgment, App, CfnElement, CloudFormationValidatePlugin, ValidationRuleSource, Validations
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks

from cdk import acknowledgements, people_acknowledgements, sagemaker_findings
from cdk.config import Config
from cdk.layer import TARGETS, archive_path
from cdk.options import read_config
from cdk.stack import ClickstreamStack

ENVIRONMENTS = ("dev", "staging", "production")
EVERYTHING = {
    "environment": "production",
    "alertEmail": "team@example.com",
    "analystPrincipal": "arn:aws:iam::111122223333:role/analysts",
    "budgetScope": "stack",
    "collector": "rest-api",
    "customerKey": "on",
    "faultInjection": "on",
    "monthlyBudgetDollars": "200",
    "notebookInstance": "ml.t3.medium",
    "onCallPrincipal": "arn:aws:iam::111122223333:root",
    "quicksightPrincipal": "arn:aws:quicksight:us-east-1:123456789012:group/default/analysts",
    "recoveryPrincipal": "arn:aws:iam::111122223333:role/repair",
    "scientistPrincipal": "arn:aws:iam::111122223333:user/ada",
    "serving": "on",
    "streamMode": "on-demand",
    "vpc": "on",
}
"""Every part that is off by default, or another than the default's. What a new option adds belongs here."""
RULES = Path(__file__).parent / "rules"
REPORT = "validation-report.json"
EMPTY_ZIP = b"PK\x05\x06" + bytes(18)


class Finding(NamedTuple):
    """A rule and where it is broken."""

    rule: str
    place: str


def main() -> int:
    """Print every open finding. Returns 0 if there is none, else 1."""
    contexts = gated()
    with tempfile.TemporaryDirectory() as name:
        app = application_of(Path(name), contexts)
        found = findings(app, Path(name, "out"))
    for finding in found:
        print(f"checks: {finding.rule}: {finding.place}", file=sys.stderr)
    print(f"{len(contexts)} stacks checked, {len(found)} open findings")
    return 1 if found else 0


def application(folder: Path, environments: tuple[str, ...] = ENVIRONMENTS, **context: str) -> App:
    """A stack of each environment with every check attached; `context` is for further keys."""
    return application_of(folder, [{**context, "environment": environment} for environment in environments])


def application_of(folder: Path, contexts: Iterable[Mapping[str, str]]) -> App:
    """A stack of each context with every check attached; `folder` is for archives and output."""
    build = folder / "build"
    build.mkdir()
    for name in TARGETS:
        archive_path(name, build).write_bytes(EMPTY_ZIP)
    app = App(outdir=str(folder / "out"))
    for number, context in enumerate(contexts):
        config = read_config(context)
        stack = ClickstreamStack(app, f"{config.prefix}-{number}", config, build)
        reasons = dict(_reasons(stack, config))
        Validations.of(stack).acknowledge(*(Acknowledgment(id=one, reason=why) for one, why in reasons.items()))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app), NIST80053R5Checks(app), own_rules())
    return app


def own_rules() -> CloudFormationValidatePlugin:
    """The rules of this project."""
    sources = [ValidationRuleSource(name=path.stem, content=path.read_text()) for path in sorted(RULES.glob("*.guard"))]
    return CloudFormationValidatePlugin(guard_rules=sources, include_default_rules=False)


def findings(app: App, out: Path) -> list[Finding]:
    """Synthesise and read the report: everything that is broken and not acknowledged, warnings too."""
    try:
        app.synth()
    except RuntimeError:
        # The report says it better than the exception; without a report it was something else.
        if not (out / REPORT).exists():
            raise
    return sorted(set(_reported(out / REPORT)))


def gated() -> list[dict[str, str]]:
    """The contexts of the gate: every environment as it is by default, and everything together."""
    return [*({"environment": environment} for environment in ENVIRONMENTS), EVERYTHING]


def idle(report: Path, door: str = "http-api", vpc: str = "off", *, has_mail: bool = False) -> list[str]:
    """Acknowledgements that no stack with door, network and mail needs; what depends on the key is needed by some."""
    plugins = json.loads(report.read_text())["pluginReports"]
    used = {one["acknowledgedId"] for plugin in plugins for one in plugin.get("suppressedViolations", ())}
    of_key = acknowledgements.WITH_CUSTOMER_KEY | acknowledgements.WITHOUT_CUSTOMER_KEY
    chosen = acknowledgements.BY_DOOR[door] | acknowledgements.BY_VPC[vpc]
    of_mail = acknowledgements.WITH_MAIL if has_mail else {}
    return sorted((acknowledgements.FINDINGS | of_key | chosen | of_mail).keys() - used)


def _reported(report: Path) -> Iterator[Finding]:
    for plugin in json.loads(report.read_text())["pluginReports"]:
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:
                place = construct.get("constructPath") or construct.get("cloudFormationResource", {}).get("logicalId")
                yield Finding(violation["ruleName"], str(place))


def _reasons(stack: ClickstreamStack, config: Config) -> Iterator[tuple[str, str]]:
    yield from acknowledgements.FINDINGS.items()
    has_key = config.has_customer_key
    of_key = acknowledgements.WITH_CUSTOMER_KEY if has_key else acknowledgements.WITHOUT_CUSTOMER_KEY
    yield from of_key.items()
    yield from acknowledgements.BY_DOOR[config.collector_door].items()
    yield from acknowledgements.BY_VPC[config.vpc].items()
    if config.alert_email:
        yield from acknowledgements.WITH_MAIL.items()
    ids = [stack.get_logical_id(_element(stack, path)) for path in (("Lake", "Bucket"), ("Ingest", "Failures"))]
    yield from acknowledgements.wildcards(ids[0], ids[1], config.prefix)
    if config.quicksight_principal:
        yield from acknowledgements.quicksight(ids[0], config.prefix)
    if config.serving == "on":
        yield from sagemaker_findings.wildcards(config, ids[0])
        yield from sagemaker_findings.of_notebook(config)
    if config.has_people:
        yield from people_acknowledgements.wildcards(ids[0], config.prefix)
    if config.fault_injection == "on":
        yield from acknowledgements.faults(stack.get_logical_id(_element(stack, ("Experiment", "Config"))))


def _element(stack: ClickstreamStack, path: tuple[str, str]) -> CfnElement:
    bucket = cast("s3.Bucket", stack.node.find_child(path[0]).node.find_child(path[1]))
    return cast("CfnElement", bucket.node.default_child)


if __name__ == "__main__":
    sys.exit(main())
