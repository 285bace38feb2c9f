"""The objects of an Iceberg table: those that its snapshots name, and those that lie at its location."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from local_aws.athena.objects import split_uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DELETED_AT_ONCE = 1000


def reachable(table: Table, snapshots: Iterable[Snapshot]) -> set[str]:
    """Return the addresses of everything that these states of the table are made of."""
    found: set[str] = set()
    for snapshot in snapshots:
        found.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path not in found:
                found.add(manifest.manifest_path)
                entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
                found |= {entry.data_file.file_path for entry in entries}
    return found


def metadata_files(table: Table) -> list[str]:
    """Return the addresses of the table's metadata, the newest last."""
    return [*(entry.metadata_file for entry in table.metadata.metadata_log), table.metadata_location]


def objects_of(s3: "S3Client", table: Table) -> Iterator[tuple[str, datetime]]:
    """Yield (address, time of writing) of the objects where the table writes."""
    bucket, key = split_uri(table.location().rstrip("/") + "/")
    for folder in ("data/", "metadata/"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key + folder):
            for entry in page.get("Contents", []):
                yield f"s3://{bucket}/{entry['Key']}", entry["LastModified"]


def delete_objects(s3: "S3Client", addresses: set[str]) -> None:
    """Delete objects; one that is not there is no failure."""
    by_bucket: dict[str, list[str]] = {}
    for bucket, key in sorted(split_uri(address) for address in addresses):
        by_bucket.setdefault(bucket, []).append(key)
    for bucket, keys in by_bucket.items():
        for start in range(0, len(keys), _DELETED_AT_ONCE):
            s3.delete_objects(
                Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys[start : start + _DELETED_AT_ONCE]]}
            )
