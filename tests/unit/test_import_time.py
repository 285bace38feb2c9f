"""The benchmark of cold starts: how it reads what the interpreter says."""

from benchmarks.import_time import shares_ms

SAID = """import time: self [us] | cumulative | imported package
import time:      1500 |       1500 |   pyarrow.lib
import time:      2500 |       4000 | pyarrow
import time:      1000 |       1000 |     botocore.vendored.six
something else on standard error
import time:      7000 |       8000 |   botocore
"""


def test_modules_are_summed_by_package() -> None:
    """Each module counts for itself, so nothing counts twice; other lines are passed over."""
    assert shares_ms(SAID) == {"pyarrow": 4, "botocore": 8}
