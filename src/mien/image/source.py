"""Where an image comes from: the request itself, or an object on the S3 endpoint that the operator has chosen.

A caller names a bucket and a key, never an endpoint, and reaches no bucket that is not allowed. An object is read as
a stream and dropped as soon as it is larger than the limit.
"""

import fnmatch
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mien.errors import ImageTooLargeError, InvalidS3ObjectError

MOST_OBJECT = 15 * 1024 * 1024  # bytes; reference 2.4
CONNECT_PATIENCE = 3  # seconds
READ_PATIENCE = 10  # seconds
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class S3Settings:
    """The S3 endpoint: its address (empty for AWS's own), region, credentials, and patterns of buckets allowed."""

    endpoint: str
    region: str
    access_key: str
    secret_key: str
    buckets: tuple[str, ...]


class S3:
    """Reads objects. The client is made when it is first needed, since most servers never need it."""

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        self._client: Any = None
        self._making = threading.Lock()

    def read(self, bucket: str, name: str, version: str | None) -> bytes:
        """Read an object.

        Raises:
            InvalidS3ObjectError: it cannot be read, for whatever reason; AWS does not say which either.
            ImageTooLargeError: it is larger than MOST_OBJECT.
        """
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError  # noqa: PLC0415  rarely needed

        if not self._allows(bucket):
            raise InvalidS3ObjectError
        if any(step in (".", "..") for step in name.split("/")) or bucket in (".", ".."):
            raise InvalidS3ObjectError  # an HTTP client would fold these, and end up in another bucket
        which = {"VersionId": version} if version else {}
        try:
            answer = self._made().get_object(Bucket=bucket, Key=name, **which)
            return _bounded(answer["Body"], int(answer["ContentLength"]))
        except (BotoCoreError, ClientError, HTTPClientError, OSError, KeyError, ValueError):
            raise InvalidS3ObjectError from None

    def list(self, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
        """Names and content tags of the objects whose names begin with `prefix`, page by page.

        Raises:
            InvalidS3ObjectError: they cannot be listed.
        """
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError  # noqa: PLC0415

        if not self._allows(bucket):
            raise InvalidS3ObjectError
        try:
            for page in self._made().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for found in page.get("Contents", ()):
                    yield found["Key"], found["ETag"]
        except (BotoCoreError, ClientError, HTTPClientError, OSError):
            raise InvalidS3ObjectError from None

    def _allows(self, bucket: str) -> bool:
        return any(fnmatch.fnmatchcase(bucket, pattern) for pattern in self._settings.buckets)

    def _made(self) -> Any:
        with self._making:
            if self._client is None:
                self._client = _client(self._settings)
            return self._client


def _client(settings: S3Settings) -> Any:
    from botocore.config import Config  # noqa: PLC0415  half a second to import
    from botocore.session import Session  # noqa: PLC0415

    config = Config(
        connect_timeout=CONNECT_PATIENCE,
        read_timeout=READ_PATIENCE,
        retries={"max_attempts": 1},
        s3={"addressing_style": "path" if settings.endpoint else "auto"},
    )
    return Session().create_client(
        "s3",
        region_name=settings.region,
        endpoint_url=settings.endpoint or None,
        aws_access_key_id=settings.access_key or None,
        aws_secret_access_key=settings.secret_key or None,
        config=config,
    )


def _bounded(stream: Any, announced: int) -> bytes:
    with stream:
        if announced > MOST_OBJECT:
            raise ImageTooLargeError
        data = bytearray()
        while chunk := stream.read(_CHUNK):
            data += chunk
            if len(data) > MOST_OBJECT:
                raise ImageTooLargeError
    return bytes(data)
