"""Engine: AWS SDK for pandas on one core: read the objects from S3, deduplicate and sort in pandas, write to S3.

The S3 of `AWS_ENDPOINT_URL` has the landing objects in the bucket `lake`; its own CPU time does not count.
"""

import sys
from pathlib import Path

import awswrangler as wr
import boto3

OPTIONS = {"compression_level": 3}


def main(out: Path) -> None:
    """Read, deduplicate, sort and write; the parts are then copied to the folder where they are compared."""
    frame = wr.s3.read_parquet("s3://lake/landing/", dtype_backend="pyarrow", use_threads=False)
    frame = frame.drop_duplicates("event_id").sort_values(["event_type", "event_time"])
    written = wr.s3.to_parquet(
        frame,
        path="s3://lake/out/",
        dataset=True,
        compression="zstd",
        max_rows_by_file=1_000_000,
        use_threads=False,
        pyarrow_additional_kwargs=OPTIONS,
    )
    for number, address in enumerate(written["paths"]):
        boto3.client("s3").download_file("lake", address.removeprefix("s3://lake/"), str(out / f"{number}.parquet"))


if __name__ == "__main__":
    main(Path(sys.argv[2]))
