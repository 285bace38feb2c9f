"""The stack as a template that deploys without the CDK: sizes and the place of its assets are parameters."""

from dataclasses import asdict
from pathlib import Path

from aws_cdk import App, DefaultStackSynthesizer

from cdk.cloudformation.parameters import BUCKET, PREFIX, declare, with_parameters
from cdk.config import Config
from cdk.layer import BUILD
from cdk.stack import ClickstreamStack
from clickstream.errors import ConfigError


def synthesise(config: Config, folder: Path, build: Path = BUILD) -> Path:
    """Write the template of one environment with the list of its assets into a folder; return the template's path.

    Raises:
        ConfigError: An archive has not been built, or the stream has no shards whose number could be a parameter.
    """
    if config.stream_mode != "provisioned":
        raise ConfigError("streamMode=on-demand is not for published templates: their number of shards is a parameter")
    app = App(outdir=str(folder), analytics_reporting=False)
    synthesizer = DefaultStackSynthesizer(
        file_assets_bucket_name=f"${{{BUCKET}}}", bucket_prefix=f"${{{PREFIX}}}", generate_bootstrap_version_rule=False
    )
    stack = ClickstreamStack(app, config.prefix, with_parameters(asdict(config)), build, synthesizer)
    declare(stack)
    app.synth()
    return folder / f"{config.prefix}.template.json"
