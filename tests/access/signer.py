"""Implements Signature Version 4 from its specification, independently of botocore, to test the server with."""

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

BODY = b'{"CollectionId":"a"}'
NOW = datetime(2024, 5, 6, 12, 30, 15, tzinfo=UTC)


@dataclass(frozen=True)
class Signed:
    """A request and the facts of its signature; `headers` returns its headers, signed."""

    access_key: str = "MIENEXAMPLE"
    secret: str = "a-secret-of-thirty-letters-or-so"
    moment: datetime = NOW
    region: str = "eu-west-1"
    service: str = "rekognition"
    terminator: str = "aws4_request"
    path: str = "/"
    body: bytes = BODY
    sent: dict[str, str] = field(
        default_factory=lambda: {
            "host": "localhost:6436",
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": "RekognitionService.DescribeCollection",
        }
    )
    unsigned: tuple[str, ...] = ()

    def but(self, **changes: object) -> "Signed":
        return replace(self, **changes)  # type: ignore[arg-type]

    @property
    def stamp(self) -> str:
        return self.moment.strftime("%Y%m%dT%H%M%SZ")

    @property
    def scope(self) -> str:
        return f"{self.stamp[:8]}/{self.region}/{self.service}/{self.terminator}"

    def headers(self) -> dict[str, str]:
        """Returns all headers: those given, the date and Authorization."""
        headers = {"x-amz-date": self.stamp} | self.sent
        covered = sorted(name for name in headers if name not in self.unsigned)
        lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in covered)
        names = ";".join(covered)
        digest = hashlib.sha256(self.body).hexdigest()
        canonical = f"POST\n{self.path}\n\n{lines}\n{names}\n{digest}"
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        key = f"AWS4{self.secret}".encode()
        for part in self.scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, f"AWS4-HMAC-SHA256\n{self.stamp}\n{self.scope}\n{hashed}".encode(), "sha256").hex()
        credential = f"{self.access_key}/{self.scope}"
        authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
        return headers | {"authorization": authorization}
