"""A proxy with TLS in front of a server with keys, as in operating.md: it must keep Host, and nothing else."""

import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests import photos
from tests.locked import Locked

Proxy = Callable[[bool], str]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Creates a self-signed certificate for 127.0.0.1, with its key in the same file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "proxy.pem"
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def proxy(locked: Locked, certificate: Path) -> Iterator[Proxy]:
    """Starts a proxy that keeps Host, or one that replaces it with mien's address, as many do by default."""
    running: list[ThreadingHTTPServer] = []

    def start(keeps_host: bool) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                host = {} if keeps_host else {"Host": f"{locked.server.host}:{locked.server.port}"}
                answer = locked.server.send("POST", self.path, body, dict(self.headers) | host)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return f"https://127.0.0.1:{server.server_port}"

    yield start
    for each in running:
        each.shutdown()
        each.server_close()


@pytest.mark.parametrize("keeps_host", [True, False], ids=["kept", "changed"])
def test_the_host_must_be_kept(proxy: Proxy, locked: Locked, certificate: Path, keeps_host: bool) -> None:
    client = boto3.client(
        "rekognition", endpoint_url=proxy(keeps_host), region_name="us-east-1", verify=str(certificate),
        aws_access_key_id=locked.admin.id, aws_secret_access_key=locked.admin.secret,
        config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
    if keeps_host:
        assert len(client.detect_faces(Image={"Bytes": photos.hopper().data})["FaceDetails"]) == 1
    else:
        with pytest.raises(ClientError, match="InvalidSignatureException"):
            client.detect_faces(Image={"Bytes": photos.hopper().data})
