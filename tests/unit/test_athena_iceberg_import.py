"""pyiceberg takes a second to import, and may be missing: nothing but Iceberg tables waits for it."""

import subprocess
import sys

import pytest

from local_aws.athena import iceberg
from local_aws.athena.errors import NotSupportedError


def test_the_endpoint_starts_without_pyiceberg() -> None:
    """It is imported by the first statement that names an Iceberg table."""
    script = "import sys, local_aws.athena, local_aws.athena.iceberg.dispatch; sys.exit('pyiceberg' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_where_it_is_missing_a_statement_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the package, with its extras."""
    monkeypatch.setattr(iceberg, "find_spec", lambda _: None)

    with pytest.raises(NotSupportedError, match=r"pip install 'pyiceberg\[glue,pyiceberg-core\]'"):
        iceberg.need_pyiceberg()
