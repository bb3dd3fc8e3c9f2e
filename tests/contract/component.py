"""AWS's liveness component in the system's Chromium, with a film as its camera, and what serves it to the browser."""

import functools
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from socket import SHUT_RDWR, create_connection, create_server, socket
from typing import Any

import cv2
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from numpy.typing import NDArray

from tests import javascript, photos

PAGE = Path(__file__).parent / "amplify"
WIDTH, HEIGHT, RATE = 640, 480, 30  # of the camera
COMPONENT, VERSION = "@aws-amplify/ui-react-liveness", "3.6.8"
BESIDE = ("aws-amplify@6", "react@18", "react-dom@18", "esbuild@0.28")


def bundled(site: Path) -> None:
    """Writes the page, its script and the component's networks into a folder; skips where they cannot be had."""
    blazeface = photos.SHARED / "liveness" / "blazeface"
    if not blazeface.is_dir():
        pytest.skip("the component's face detector in ../shared/liveness/blazeface is not here")
    node, place = javascript.installed(COMPONENT, VERSION, "amplify", BESIDE)
    modules = place / "node_modules"
    shutil.copy(PAGE / "page.html", site)
    shutil.copy(PAGE / "page.jsx", place)
    program = [node, str(modules / "esbuild" / "bin" / "esbuild"), "page.jsx", f"--outfile={site / 'page.js'}"]
    flags = ["--bundle", "--minify", "--jsx=automatic", '--define:process.env.NODE_ENV="production"']
    made = subprocess.run([*program, *flags], cwd=place, capture_output=True, text=True, timeout=120, check=False)
    assert made.returncode == 0, made.stderr
    shutil.copytree(blazeface, site / "blazeface")
    (site / "wasm").mkdir()
    for each in (modules / "@tensorflow" / "tfjs-backend-wasm" / "dist").glob("*.wasm"):
        shutil.copy(each, site / "wasm")


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serves a folder over HTTP; yields its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def behind_tls(port: int, folder: Path) -> Iterator[str]:
    """Puts TLS before a port, as AWS's client connects by wss alone; yields the address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_certificate(folder))
    listening = create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    def serve(plain: socket) -> None:
        try:
            client = context.wrap_socket(plain, server_side=True)
            behind = create_connection(("127.0.0.1", port))
        except OSError:
            plain.close()
            return
        for one, other in ((client, behind), (behind, client)):
            threading.Thread(target=_passed, args=(one, other), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(SHUT_RDWR)
        listening.close()


def coming_nearer(photo: photos.Photo, far: float, near: float, seconds: tuple[float, float, float]) -> list[bytes]:
    """A film of a photograph that comes nearer and goes back, as JPEG files.

    Args:
        photo: the photograph.
        far, near: the width of its face in the film's widths, at first and in the end.
        seconds: for which it stays far, comes nearer, and stays near.
    """
    still, moving, whole = seconds[0], seconds[0] + seconds[1], sum(seconds)
    times = np.arange(0, whole, 1 / RATE)
    widths = np.interp(times, [0, still, moving, whole - 0.3, whole], [far, far, near, near, far])
    pictures = {width: jpeg(placed(photo, width * WIDTH)) for width in set(widths)}
    return [pictures[width] for width in widths]


def placed(photo: photos.Photo, width: float) -> NDArray[np.uint8]:
    """A picture of the camera with the photograph's face in its middle, so wide; BGR."""
    scale = width / photo.face.width
    middle = (photo.face.x1 + photo.face.x2) / 2, (photo.face.y1 + photo.face.y2) / 2
    moved = np.array(
        [[scale, 0, WIDTH / 2 - scale * middle[0]], [0, scale, HEIGHT / 2 - scale * middle[1]]], np.float32
    )
    bgr = cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2BGR)
    return np.asarray(
        cv2.warpAffine(bgr, moved, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, 92))[1].tobytes()


def flags(film: Path) -> Sequence[str]:
    """What Chromium is started with so that the film is its camera, and the certificate of the test is taken."""
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
        "--ignore-certificate-errors",
    ]


def _passed(one: socket, other: socket) -> None:
    """Passes on what comes, until either side closes."""
    try:
        while data := one.recv(1 << 16):
            other.sendall(data)
    except OSError:
        pass
    finally:
        for each in (one, other):
            try:
                each.shutdown(SHUT_RDWR)
            except OSError:
                each.close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mien")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, secret
