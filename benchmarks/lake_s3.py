"""An S3 in memory that holds the landing objects of the benchmark; prints its address, ends with its input.

python -m benchmarks.lake_s3 FOLDER
"""

import os
import sys
from pathlib import Path

os.environ |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}
import boto3
from moto.server import ThreadedMotoServer


def main(landing: Path) -> None:
    """Serve until standard input is closed."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=address)
    client.create_bucket(Bucket="lake")
    for path in sorted(landing.glob("*.parquet")):
        client.upload_file(str(path), "lake", f"landing/{path.name}")
    print(address, flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
