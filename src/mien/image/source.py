"""Reads images and films as S3 objects and writes images, at the one endpoint that the operator has configured.

A caller names a bucket and a key, never an endpoint, and reaches only the buckets allowed. An object is read as a
stream, which is dropped when it exceeds the size limit or the deadline (`image/transport.py`).
"""

import fnmatch
import math
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from mien.errors import ImageTooLargeError, InvalidS3ObjectError

MOST_OBJECT = 15 * 1024 * 1024  # bytes; reference 2.4
CONNECT_TIMEOUT = 3  # seconds
READ_TIMEOUT = 10  # seconds until the next bytes
FETCH_TIMEOUT = 20.0  # seconds for a whole object
TRYING_TIMEOUT = 5.0  # seconds for a small question, whose caller has a thread meanwhile
_CHUNK = 256 * 1024
_CHANGED = (404, 412)  # statuses of a range whose object is gone, or has another tag than IfMatch


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


class S3WriteError(Exception):
    """An object cannot be written.

    Attributes:
        status: HTTP status of S3's answer, 403 for a bucket that is not allowed; None if S3 did not answer in time.
    """

    def __init__(self, status: int | None) -> None:
        super().__init__(f"S3 answers {status}" if status else "S3 does not answer in time")
        self.status = status


class _CallFailedError(Exception):
    """A call of S3 failed; `status` is that of its answer, None if there was none."""

    def __init__(self, status: int | None = None) -> None:
        self.status = status


@dataclass(frozen=True, slots=True)
class ObjectPlace:
    """Where an object is: its bucket, its name, and its version if it is not the latest."""

    bucket: str
    name: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """The bytes that an object has, and the tag of its content (ETag)."""

    size: int
    etag: str


class ObjectChangedError(Exception):
    """The object has another content than when it was first looked at, or is gone."""


class S3:
    """Reads and writes objects; the client is created on first use, because most servers never need it."""

    def __init__(self, settings: S3Settings) -> None:
        self.settings = settings
        self._client: Any = None
        self._creating = threading.Lock()

    def read(self, bucket: str, name: str, version: str | None) -> bytes:
        """Reads an object.

        Raises:
            InvalidS3ObjectError: it cannot be read; like AWS, the error does not say why.
            ImageTooLargeError: it is larger than MOST_OBJECT.
        """
        which = self._named(ObjectPlace(bucket, name, version))
        with self._fetching():
            answer = self._connected().get_object(**which)
            return _bounded(answer["Body"], int(answer.get("ContentLength", 0)))

    def facts(self, where: ObjectPlace) -> ObjectFacts:
        """Returns an object's size and content tag.

        Raises:
            InvalidS3ObjectError: as `read`.
        """
        which = self._named(where)
        with self._fetching():
            answer = self._connected().head_object(**which)
            return ObjectFacts(int(answer["ContentLength"]), str(answer["ETag"]))

    def part(self, where: ObjectPlace, etag: str, first: int, size: int) -> bytes:
        """Reads `size` bytes of an object from byte `first`, if its content still has this tag.

        Raises:
            InvalidS3ObjectError: they cannot be read.
            ObjectChangedError: it has another content by now, or none.
        """
        which, extent = self._named(where), f"bytes={first}-{first + size - 1}"
        try:
            with self._calling():
                answer = self._connected().get_object(**which, IfMatch=etag, Range=extent)
                data = _bounded(answer["Body"], int(answer.get("ContentLength", 0)))
        except _CallFailedError as error:
            raise (ObjectChangedError if error.status in _CHANGED else InvalidS3ObjectError) from None
        if len(data) != size:
            raise InvalidS3ObjectError
        return data

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

    def try_writing(self, bucket: str, name: str, kms_key: str | None = None) -> None:
        """Checks that an object may be written, without making one: begins an upload in parts, and aborts it.

        Raises:
            S3WriteError: it may not, or S3 does not answer.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415  as in `_calling`

        with self._writing(bucket, TRYING_TIMEOUT):
            client, what = self._connected(), {"Bucket": bucket, "Key": name}
            begun = client.create_multipart_upload(**what, **_encryption(kms_key))
            with suppress(ClientError):  # S3 forgets the upload by its own rules
                client.abort_multipart_upload(**what, UploadId=begun["UploadId"])

    def write(self, bucket: str, images: Mapping[str, bytes], kms_key: str | None = None) -> None:
        """Writes JPEGs under their names, all within one deadline.

        Raises:
            S3WriteError: one of them cannot be written.
        """
        with self._writing(bucket):
            for name, image in images.items():
                self._connected().put_object(
                    Bucket=bucket, Key=name, Body=image, ContentType="image/jpeg", **_encryption(kms_key)
                )

    def _named(self, where: ObjectPlace) -> dict[str, str]:
        """Returns an object as botocore takes it.

        Raises:
            InvalidS3ObjectError: it may not be read.
        """
        if not self._allows(where.bucket):
            raise InvalidS3ObjectError
        if any(step in (".", "..") for step in (where.bucket, *where.name.split("/"))):
            raise InvalidS3ObjectError  # an HTTP client would resolve these, and could reach another bucket
        version = {"VersionId": where.version} if where.version else {}
        return {"Bucket": where.bucket, "Key": where.name} | version

    @contextmanager
    def _fetching(self) -> Iterator[None]:
        """Bounds a fetch by the deadline, and converts every fault of it.

        Raises:
            InvalidS3ObjectError: the fetch fails, or is not over in time.
        """
        try:
            with self._calling():
                yield
        except _CallFailedError:
            raise InvalidS3ObjectError from None

    @contextmanager
    def _writing(self, bucket: str, most: float = math.inf) -> Iterator[None]:
        """Bounds writes to a bucket by the deadline, or by `most` seconds, and converts every fault of them.

        Raises:
            S3WriteError: the bucket is not allowed, a write fails, or is not over in time.
        """
        if not self._allows(bucket) or bucket in (".", ".."):
            raise S3WriteError(403)
        try:
            with self._calling(most):
                yield
        except _CallFailedError as error:
            raise S3WriteError(error.status) from None

    @contextmanager
    def _calling(self, most: float = math.inf) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError  # noqa: PLC0415  rarely needed
        from botocore.parsers import ResponseParserError  # noqa: PLC0415
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        from mien.image.transport import Deadline  # noqa: PLC0415

        faults = (BotoCoreError, HTTPClientError, HTTPError, HTTPException, ResponseParserError)
        try:
            with Deadline(min(self.settings.timeout, most)) as deadline:
                yield
        except ClientError as error:
            raise _CallFailedError(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")) from None
        except (*faults, OSError, LookupError, ValueError, TypeError, AttributeError):
            raise _CallFailedError from None
        if deadline.passed:  # an answer that ends with its connection looks complete
            raise _CallFailedError

    def _allows(self, bucket: str) -> bool:
        return any(fnmatch.fnmatchcase(bucket, pattern) for pattern in self.settings.buckets)

    def _connected(self) -> Any:
        with self._creating:
            if self._client is None:
                self._client = _client(self.settings)
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
        request_checksum_calculation="when_required",  # other servers than AWS's know no trailing checksums
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


def _encryption(kms_key: str | None) -> dict[str, str]:
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}


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
