"""Files of Iceberg tables, by the S3 client of the endpoint: one address, one set of credentials."""

import io
from types import TracebackType
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream

from local_aws.athena.catalog import error_code
from local_aws.athena.objects import split_uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})


class _Upload(io.BytesIO):
    """Bytes that become an object when they are closed without a failure."""

    def __init__(self, s3: "S3Client", location: str, *, overwrite: bool) -> None:
        super().__init__()
        self._s3 = s3
        self._location = location
        self._overwrite = overwrite

    def close(self) -> None:
        """Store the object.

        Raises:
            FileExistsError: It is there already and must not be overwritten.
        """
        if self.closed:
            return
        bucket, key = split_uri(self._location)
        body = self.getvalue()
        super().close()
        try:
            if self._overwrite:
                self._s3.put_object(Bucket=bucket, Key=key, Body=body)
            else:
                self._s3.put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if error_code(error) not in {"PreconditionFailed", "412"}:
                raise
            # The reply to an earlier try may have been lost: then the object is ours.
            if self._s3.get_object(Bucket=bucket, Key=key)["Body"].read() != body:
                raise FileExistsError(self._location) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Half a file is no file."""
        if error is not None:
            super().close()
        self.close()


class S3File(InputFile, OutputFile):
    """One object."""

    def __init__(self, s3: "S3Client", location: str) -> None:
        super().__init__(location)
        self._s3 = s3

    def __len__(self) -> int:
        bucket, key = split_uri(self.location)
        return int(self._s3.head_object(Bucket=bucket, Key=key)["ContentLength"])

    def exists(self) -> bool:
        """Return whether the object is there."""
        try:
            len(self)
        except ClientError as error:
            if error_code(error) in _ABSENT:
                return False
            raise
        return True

    def open(self, seekable: bool = True) -> InputStream:  # noqa: ARG002 - the name that pyiceberg gives it
        """Read the object.

        Raises:
            FileNotFoundError: It is not there.
        """
        bucket, key = split_uri(self.location)
        try:
            return io.BytesIO(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            if error_code(error) in _ABSENT:
                raise FileNotFoundError(self.location) from error
            raise

    def create(self, overwrite: bool = False) -> OutputStream:
        """Return what becomes the object when it is closed."""
        return _Upload(self._s3, self.location, overwrite=overwrite)

    def to_input_file(self) -> "S3File":
        """Return the same object to read."""
        return self


class S3Files(FileIO):
    """Opens objects by their addresses."""

    def __init__(self, s3: "S3Client") -> None:
        super().__init__()
        self._s3 = s3

    def new_input(self, location: str) -> S3File:
        """Return an object to read."""
        return S3File(self._s3, location)

    def new_output(self, location: str) -> S3File:
        """Return an object to write."""
        return S3File(self._s3, location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Remove an object; one that is not there is no failure."""
        bucket, key = split_uri(location if isinstance(location, str) else location.location)
        self._s3.delete_object(Bucket=bucket, Key=key)
