"""The command line: `python -m cdk.cloudformation template`, then `publish`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from cdk.cloudformation.folder import FOLDER, write_folder
from cdk.cloudformation.parameters import DEFAULT_PREFIX, PUBLISHED
from cdk.cloudformation.publishing import publish
from cdk.config import Environment
from clickstream.errors import ConfigError

WRONG_USAGE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Write or publish the templates; 1 = a service refused, 2 = a wrong value, with one sentence on stderr."""
    options = _parser().parse_args(argv)
    try:
        if options.command == "template":
            _template(options)
        else:
            _publish(options)
    except ConfigError as error:
        print(f"clickstream: {error}", file=sys.stderr)
        return WRONG_USAGE
    except (BotoCoreError, ClientError) as error:
        print(f"clickstream: not published: {error}", file=sys.stderr)
        return 1
    return 0


def _template(options: argparse.Namespace) -> None:
    context = dict(word.partition("=")[::2] for word in options.context)
    path = write_folder(options.folder, context, options.environment or PUBLISHED)
    print(f"{path}: {path.stat().st_size:,} bytes")


def _publish(options: argparse.Namespace) -> None:
    session = boto3.Session()
    if session.region_name is None:
        raise ConfigError("no region: set AWS_DEFAULT_REGION")
    uploaded = []
    for key in publish(session, options.folder, options.bucket, options.prefix):
        print(key)
        uploaded.append(key)
    print(f"{len(uploaded)} files uploaded" if uploaded else "everything was there")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cdk.cloudformation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    template = commands.add_parser("template", help="write the templates and what they deploy")
    template.add_argument("-c", "--context", action="append", default=[], metavar="KEY=VALUE", help="as of cdk deploy")
    template.add_argument("--environment", action="append", choices=get_args(Environment), help="only this one")
    publishing = commands.add_parser("publish", help="upload what a bucket lacks of it")
    publishing.add_argument("--bucket", default="", help="empty for clickstream-assets-<account>-<region>")
    publishing.add_argument("--prefix", default=DEFAULT_PREFIX, help="start of the keys (%(default)s)")
    for command in (template, publishing):
        command.add_argument("--folder", type=Path, default=FOLDER, help="where they lie (%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
