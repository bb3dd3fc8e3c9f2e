"""Addresses of cameras: read from what an operator writes, and shown without the secrets in them."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from mien.errors import SetupError

_NAMED = re.compile(r"(?P<name>[\w .()-]+)=\s*(?P<address>\S.*)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)
_DEVICE = "/dev/"


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """Where a camera is.

    Attributes:
        name: in events and messages; never has a secret.
        opened: what FFmpeg opens. User and password stand in it, so that it is never shown.
        is_film: whether it is a file, which ends.
    """

    name: str
    opened: str = field(repr=False)
    is_film: bool = False


def read(written: Sequence[str]) -> list[CameraAddress]:
    """Returns the cameras that are written as ADDRESS, NAME=ADDRESS or @FILE, which has one a line.

    Without a name a camera is called after its host, since addresses have passwords in any of their parts.

    Raises:
        SetupError: a file cannot be read, an address has no host, or two cameras have one name.
    """
    found = [_camera(line) for each in written for line in _lines(each)]
    if not found:
        raise SetupError("Name a camera: the address of a stream, as rtsp://user:password@host/path.")
    counts = Counter(each.name for each in found)
    twice = next((name for name, count in counts.items() if count > 1), None)
    if twice:
        raise SetupError(f"Two cameras are called {twice}: name each, as door=rtsp://….")
    return found


def is_file(written: str) -> bool:
    """Returns whether what is written is the path of a file, and so of a film."""
    return _is_there(written) and Path(written).is_file()


def _lines(written: str) -> list[str]:
    if not written.startswith("@"):
        return [written]
    try:
        lines = Path(written[1:]).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise SetupError(f"The file of cameras {written[1:]} cannot be read: {why}.") from None
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _camera(written: str) -> CameraAddress:
    named = None if _SCHEME.match(written) or _is_there(written) else _NAMED.fullmatch(written)
    name, address = (named["name"].strip(), named["address"]) if named else ("", written)
    if address.startswith(_DEVICE):
        return CameraAddress(name or Path(address).name, f"v4l2://{address}")
    if not _SCHEME.match(address):
        if not _is_there(address):
            raise SetupError(f"{name or 'A source'} is neither an address, as rtsp://…, nor a file or a device.")
        if Path(address).is_dir():
            raise SetupError(f"{address} is a folder: name the films in it.")
        return CameraAddress(name or Path(address).name, address, is_film=True)
    try:
        parts = urlsplit(address)
        host = parts.hostname
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        host, port = None, ""
    if not host and not (name and parts.netloc):
        raise SetupError(f"The address of {name or 'a camera'} names no host; write it as rtsp://host/path.")
    return CameraAddress(name or f"{host}{port}", address)


def _is_there(written: str) -> bool:
    try:
        return Path(written).exists()
    except OSError:  # no name that a file can have
        return False
