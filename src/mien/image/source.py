"""Reads the images that a request names as S3 objects, from the one endpoint that the operator has configured.

A caller names a bucket and a key, never an endpoint, and reaches only the buckets allowed. An object is read as a
stream, which is dropped when it exceeds the size limit or the deadline (`image/transport.py`).
"""

import fnmatch
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from mien.errors import ImageTooLargeError, InvalidS3ObjectError

MOST_OBJECT = 15 * 1024 * 1024  # bytes; reference 2.4
CONNECT_TIMEOUT = 3  # seconds
READ_TIMEOUT = 10  # seconds until the next bytes
FETCH_TIMEOUT = 20.0  # seconds for a whole object
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class S3Settings:
    """The S3 endpoint that objects are read from, and the limits of reading.

    Attributes:
        endpoint: the address; empty for AWS's own.
        region: of the endpoint.
        access_key: empty to let botocore find credentials.
        secret_key: the same.
        buckets: patterns of the buckets allowed.
        timeout: seconds that one fetch may take.
    """

    endpoint: str
    region: str
    access_key: str
    secret_key: str
    buckets: tuple[str, ...]
    timeout: float = FETCH_TIMEOUT


class S3:
    """Reads objects; the client is created on first use, because most servers never need it."""

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        self._client: Any = None
        self._creating = threading.Lock()

    def read(self, bucket: str, name: str, version: str | None) -> bytes:
        """Reads an object.

        Raises:
            InvalidS3ObjectError: it cannot be read; like AWS, the error does not say why.
            ImageTooLargeError: it is larger than MOST_OBJECT.
        """
        if not self._allows(bucket):
            raise InvalidS3ObjectError
        if any(step in (".", "..") for step in name.split("/")) or bucket in (".", ".."):
            raise InvalidS3ObjectError  # an HTTP client would resolve these, and could reach another bucket
        which = {"VersionId": version} if version else {}
        with self._fetching():
            answer = self._connected().get_object(Bucket=bucket, Key=name, **which)
            return _bounded(answer["Body"], int(answer.get("ContentLength", 0)))

    def list(self, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
        """Yields names and content tags (ETags) of the objects whose names begin with `prefix`, page by page.

        Raises:
            InvalidS3ObjectError: they cannot be listed.
        """
        if not self._allows(bucket):
            raise InvalidS3ObjectError
        pages = iter(self._connected().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))
        while True:
            with self._fetching():
                page = next(pages, None)
            if page is None:
                return
            for found in page.get("Contents", ()):
                yield found["Key"], found["ETag"]

    @contextmanager
    def _fetching(self) -> Iterator[None]:
        """Bounds a fetch by the deadline, and converts every fault of it.

        Raises:
            InvalidS3ObjectError: the fetch fails, or is not over in time.
        """
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError  # noqa: PLC0415  rarely needed
        from botocore.parsers import ResponseParserError  # noqa: PLC0415
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        from mien.image.transport import Deadline  # noqa: PLC0415

        faults = (BotoCoreError, ClientError, HTTPClientError, HTTPError, HTTPException, ResponseParserError)
        try:
            with Deadline(self._settings.timeout) as deadline:
                yield
        except (*faults, OSError, LookupError, ValueError, TypeError, AttributeError):
            raise InvalidS3ObjectError from None
        if deadline.passed:  # an answer that ends with its connection looks complete
            raise InvalidS3ObjectError

    def _allows(self, bucket: str) -> bool:
        return any(fnmatch.fnmatchcase(bucket, pattern) for pattern in self._settings.buckets)

    def _connected(self) -> Any:
        with self._creating:
            if self._client is None:
                self._client = _client(self._settings)
            return self._client


def _client(settings: S3Settings) -> Any:
    from botocore.config import Config  # noqa: PLC0415  half a second to import
    from botocore.session import Session  # noqa: PLC0415
    from botocore.utils import get_environ_proxies  # noqa: PLC0415

    from mien.image.transport import Transport  # noqa: PLC0415

    config = Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"max_attempts": 1},
        s3={"addressing_style": "path" if settings.endpoint else "auto"},
    )
    session = Session()
    client = session.create_client(
        "s3",
        region_name=settings.region,
        endpoint_url=settings.endpoint or None,
        aws_access_key_id=settings.access_key or None,
        aws_secret_access_key=settings.secret_key or None,
        config=config,
    )
    transport = Transport(
        timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
        proxies=get_environ_proxies(client.meta.endpoint_url),
        verify=session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE") or True,
    )
    client.meta.events.register("before-send.s3", transport.answer)
    return client


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
