"""Entry point of `cdk`: one stack, configured by context. The only place that reads context."""

import sys
from collections.abc import Mapping

from aws_cdk import App

from cdk.options import read_config
from cdk.stack import ClickstreamStack
from clickstream.errors import ConfigError

WRONG_USAGE = 2


def main(context: Mapping[str, object] | None = None) -> int:
    """Synthesise the stack; a wrong configuration is one sentence on stderr and exit code 2.

    Args:
        context: Keys beside those that the CDK command line gives.
    """
    app = App(context=context)
    try:
        config = read_config(app.node.get_all_context())
        ClickstreamStack(app, config.prefix, config)
    except ConfigError as error:
        print(f"clickstream: {error}", file=sys.stderr)
        return WRONG_USAGE
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
