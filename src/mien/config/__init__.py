"""Defines the settings in one table, and reads them from flags, `MIEN_*` variables, `mien.toml` and the defaults.

A new setting is a row of `TABLE` (`setting_table.py`) and a field of `Settings`; flag, variable, file and help text
follow from the row.
"""

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien.config.setting_table import (
    CODES,
    DEFAULT_PACK,
    DEVICES,
    ENGINES,
    FORMATS,
    LOG_LEVELS,
    PRECISIONS,
    RESERVED,
    TABLE,
    VIDEO_FORMATS,
    Setting,
)
from mien.errors import SetupError

__all__ = [
    "CODES",
    "DEFAULT_PACK",
    "DEVICES",
    "ENGINES",
    "FORMATS",
    "LOG_LEVELS",
    "PRECISIONS",
    "RESERVED",
    "TABLE",
    "VIDEO_FORMATS",
    "Setting",
    "Settings",
    "address",
    "given",
    "load",
]


@dataclass(frozen=True, slots=True)
class Settings:
    """The value of each setting. The fields are the rows of `TABLE`, in their order."""

    data: str
    packs: str
    pack: str
    engine: str
    device: str
    precision: str
    allow_noncommercial: bool | None
    attributes: str
    preload_attributes: bool
    store: str
    portraits: bool
    require_live: float
    host: str
    port: int
    console: bool
    master_key: str
    s3_endpoint: str
    s3_region: str
    s3_access_key: str
    s3_secret_key: str
    s3_buckets: str
    liveness_sessions: int
    formats: str
    video_formats: str
    video_gigabytes: float
    video_hours: float
    video_jobs: int
    sns_endpoint: str
    sns_topics: str
    calibration: str
    minimum_similarity: float
    gallery_memory: int
    gallery_codes: str
    scan_threads: int
    workers: int
    threads: int
    image_cache: int
    liveness_streams: int
    bodies_in_flight: int
    pixels_in_flight: int
    connections: int
    queue_timeout: float
    request_timeout: float
    body_rate: int
    idle_timeout: float
    stop_timeout: int
    metrics_token: str
    metrics_collections: int
    log_level: str

    @property
    def cores(self) -> int:
        """The number of inferences that run at the same time."""
        return self.threads or len(os.sched_getaffinity(0))

    @property
    def is_on_loopback(self) -> bool:
        """Whether the server accepts connections from this machine only."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def address(host: str, port: int) -> str:
    """Returns host and port as a URL has them, with an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def load(flags: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """Reads the settings; a flag wins over a variable, a variable over the file, the file over the default.

    Args:
        flags: setting name → value from the command line; None if it was not given.
        environ: the process's environment. `MIEN_CONFIG` names the file; without it `./mien.toml` is read if it exists.

    Raises:
        SetupError: a setting is unknown, or its value invalid.
    """
    return filled(given(flags, environ))


def filled(values: dict[str, Any]) -> Settings:
    """Returns the settings with these values (see `given`), and the defaults of all others."""
    return Settings(**({row.name: row.default for row in TABLE} | values))


def given(flags: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Returns the settings that were given, without the defaults (see `load`).

    Raises:
        SetupError: as `load`.
    """
    by_name = {row.name: row for row in TABLE}
    values: dict[str, Any] = {}
    path = Path(environ.get("MIEN_CONFIG", "mien.toml"))
    for name, value in _file(path, required="MIEN_CONFIG" in environ).items():
        if name not in by_name:
            raise SetupError(f"{path} has an unknown setting: {name}.")
        values[name] = by_name[name].parse(value, f"{name} in {path}")
    by_variable = {row.variable: row for row in TABLE}
    for variable, text in environ.items():
        if not variable.startswith("MIEN_") or variable.startswith(RESERVED):
            continue
        if variable not in by_variable:
            raise SetupError(f"Unknown setting in the environment: {variable}.")
        values[by_variable[variable].name] = by_variable[variable].parse(text, variable)
    for name, value in flags.items():
        if value is not None:
            values[name] = by_name[name].parse(value, by_name[name].flag)
    return values


def _file(path: Path, required: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        if required:
            raise SetupError(f"The settings file {path} does not exist.") from None
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SetupError(f"The settings file {path} cannot be read: {error}.") from None
