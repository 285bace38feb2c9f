"""Start `run_steps` inside a Glue run: fetch our code and the packages Glue lacks, then hand over.

Glue gives this script alone. The archives are unpacked into one folder, so that modules, compiled packages and data
files are found exactly as in the repository and nothing is installed from an index at run time. They are kept beside it
for the workers of the cluster, which unpack them too if a step gives them work.
"""

import argparse
import importlib
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr
from pathlib import Path

import boto3

KEEP_PAGES = ("MIMALLOC_PURGE_DELAY", "-1")
"""Read by pyarrow's allocator when it is loaded: it keeps the pages that the next run of rows takes again, which saves
a twelfth of the processor time of compaction and costs some 80 MB (decision 25)."""


def main(argv: Sequence[str] | None = None) -> str | None:
    """Unpack the archives in `--archives` and run the steps with all other arguments. Returns what failed, or None."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--archives", required=True, help="s3:// addresses separated by commas; a later one wins")
    parser.add_argument("--code-version", required=True, help="what commits name as their code")
    parser.add_argument("--aws-region", required=True, help="where the services are that the steps call")
    options, rest = parser.parse_known_args(argv)
    os.environ["CLICKSTREAM_CODE_VERSION"] = options.code_version
    os.environ["AWS_DEFAULT_REGION"] = options.aws_region
    os.environ.setdefault(*KEEP_PAGES)
    with tempfile.TemporaryDirectory(prefix="clickstream-") as name:
        archives = fetched(options.archives.split(","), Path(name, "archives"))
        folder = Path(name, "code")
        unpack(archives, folder)
        sys.path.insert(0, str(folder))
        run_steps = importlib.import_module("batch_jobs.run_steps")
        last_words = run_steps.LastWords(sys.stderr)
        with redirect_stderr(last_words):
            exit_code: int = run_steps.main([*rest, "--worker-archives", ",".join(map(str, archives))])
        return str(last_words) if exit_code else None


def fetched(addresses: Iterable[str], folder: Path) -> list[Path]:
    """Download the archives named by s3:// addresses into the folder; their paths, in order, each with its own name."""
    client = boto3.client("s3")
    folder.mkdir()
    archives = []
    for number, address in enumerate(addresses):
        bucket, _, key = address.removeprefix("s3://").partition("/")
        archives.append(folder / f"{number}.zip")
        client.download_file(bucket, key, str(archives[-1]))
    return archives


def unpack(archives: Iterable[Path], folder: Path) -> None:
    """Extract zip archives into the folder, in order."""
    for archive in archives:
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)


if __name__ == "__main__":
    problem = main()
    # Glue calls any exit a failure, even exit code 0; the text is what it says of the run.
    if problem is not None:
        sys.exit(problem or "failed")
