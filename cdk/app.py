"""Entry point of `cdk`: one stack, configured by context. The only place that reads context."""

import sys

from aws_cdk import App

from cdk.config import read_config
from cdk.stack import ClickstreamStack
from clickstream.errors import ConfigError

WRONG_USAGE = 2


def main() -> int:
    """Synthesise the stack into `cdk.out`; a wrong configuration is one sentence on stderr and exit code 2."""
    app = App()
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
