"""The script that Glue starts, before our own code is there."""

import subprocess
import sys


def test_the_allocator_is_told_before_it_is_loaded() -> None:
    """What the entry sets in the environment comes before pyarrow, which reads it once."""
    script = "import sys, batch_jobs.glue_entry; print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
