"""The one table of settings, and where their values come from: a flag, a `MIEN_*` variable, `mien.toml`, the default.

A setting is added by adding a row to `TABLE` and a field to `Settings`; flags, variables, the file and the help text
follow from the row.
"""

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from mien.errors import SetupError

ENGINES = ("openvino", "onnx")
PRECISIONS = ("auto", "f32", "bf16")
CODES = ("memory", "mapped")
LOG_LEVELS = ("debug", "info", "warning", "error")
RESERVED = ("MIEN_CONFIG", "MIEN_TEST_")  # names beside the table: the file itself, and what mien's own tests read


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table."""

    name: str
    type: type
    default: str | int | float | bool | None  # None: unset, and what that means follows from other settings
    help: str
    choices: tuple[str, ...] = ()
    limits: tuple[float, float] | None = None

    @property
    def flag(self) -> str:
        """The command-line flag, as `--log-level`."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable, as `MIEN_LOG_LEVEL`."""
        return "MIEN_" + self.name.upper()

    def parse(self, value: Any, source: str) -> Any:
        """Turn `value` into the setting's type, or say in a sentence why it cannot be.

        Raises:
            SetupError: the value has the wrong type or is none of the choices; `source` says where it was given.
        """
        try:
            parsed = _boolean(value) if self.type is bool else self.type(value)
            if not isinstance(value, str) and (self.type is bool) != isinstance(value, bool):
                raise ValueError(value)
            if isinstance(value, list | dict) or (isinstance(value, float) and parsed != value):
                raise ValueError(value)
        except (TypeError, ValueError, KeyError, OverflowError):
            raise SetupError(f"{source} must be a {self.type.__name__}, not {value!r}.") from None
        if self.choices and parsed not in self.choices:
            raise SetupError(f"{source} must be one of {', '.join(self.choices)}, not {value!r}.")
        if self.limits and not self.limits[0] <= parsed <= self.limits[1]:
            least, most = self.limits
            raise SetupError(f"{source} must be between {least:g} and {most:g}, not {value!r}.")
        return parsed


TABLE = (
    Setting("data", str, platformdirs.user_data_dir("mien", appauthor=False), "directory of the embedded store"),
    Setting("packs", str, "", "directory with model files, looked into before the cache and the network"),
    Setting("pack", str, "retail", "the model pack that detects and embeds faces"),
    Setting("engine", str, "openvino", "what runs the networks; onnx needs `mien[onnx]` or `mien[cuda]`", ENGINES),
    Setting("precision", str, "auto", "arithmetic of openvino; auto is what the processor does best", PRECISIONS),
    Setting(
        "allow_noncommercial",
        bool,
        None,
        "whether to serve a pack whose weights may not be used commercially (default: only when bound to loopback)",
    ),
    Setting(
        "store", str, "", "where the truth is: empty for SQLite under the data directory, sqlite:///…, postgresql://…"
    ),
    Setting("host", str, "127.0.0.1", "address to listen on"),
    Setting("port", int, 6436, "port to listen on; 0 takes a free one", limits=(0, 65_535)),
    Setting("console", bool, True, "whether the page at /console is served"),
    Setting("master_key", str, "", "file with the key that access keys are encrypted under (default DATA/master.key)"),
    Setting("s3_endpoint", str, "", "address of the S3-compatible store that S3Object is read from (default AWS)"),
    Setting("s3_region", str, "us-east-1", "region of the S3 store"),
    Setting("s3_access_key", str, "", "access key for the S3 store (default: as AWS clients find theirs)"),
    Setting("s3_secret_key", str, "", "secret key for the S3 store"),
    Setting("s3_buckets", str, "", "buckets that S3Object may name, as patterns separated by commas (default none)"),
    Setting(
        "calibration", str, "", "file of `mien eval --calibrate` to measure similarity by (default: the pack's own)"
    ),
    Setting("minimum_similarity", float, 0.0, "0–100; no search answers with less", limits=(0, 100)),
    Setting(
        "gallery_memory",
        int,
        0,
        "MiB that galleries may take, the least recently searched going first; 0: all",
        limits=(0, 1e9),
    ),
    Setting("gallery_codes", str, "memory", "where large galleries keep what they re-rank by", CODES),
    Setting(
        "scan_threads",
        int,
        0,
        "threads that a search of a large gallery is divided among; 0: one for each core",
        limits=(0, 4096),
    ),
    Setting("threads", int, 0, "inferences that run at the same time; 0 means one for each core", limits=(0, 4096)),
    Setting("image_cache", int, 16, "MiB that remember for minutes what images showed; 0: nothing", limits=(0, 1e6)),
    Setting("bodies_in_flight", int, 128, "MiB of request bodies held at the same time", limits=(1, 1_000_000)),
    Setting("pixels_in_flight", int, 100, "megapixels decoded at the same time", limits=(1, 1_000_000)),
    Setting("connections", int, 2048, "connections held at the same time; further ones are closed", limits=(1, 1e6)),
    Setting("queue_timeout", float, 10.0, "seconds a request waits for room or a thread", limits=(0, 3600)),
    Setting("request_timeout", float, 60.0, "seconds an operation may take", limits=(0.1, 3600)),
    Setting("body_rate", int, 64, "KiB a second that a client must send of a body", limits=(1, 1_000_000)),
    Setting("idle_timeout", float, 60.0, "seconds a connection may be without a request", limits=(0.1, 3600)),
    Setting("stop_timeout", int, 10, "seconds accepted requests have when the server stops", limits=(0, 3600)),
    Setting(
        "metrics_token",
        str,
        "",
        "bearer token that /metrics asks for, and names collections to (default: open only on loopback)",
    ),
    Setting("metrics_collections", int, 100, "collections that /metrics names, the fullest", limits=(0, 10_000)),
    Setting("log_level", str, "info", "how much is written to standard error", LOG_LEVELS),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting's value. The fields are the rows of `TABLE`, in its order."""

    data: str
    packs: str
    pack: str
    engine: str
    precision: str
    allow_noncommercial: bool | None
    store: str
    host: str
    port: int
    console: bool
    master_key: str
    s3_endpoint: str
    s3_region: str
    s3_access_key: str
    s3_secret_key: str
    s3_buckets: str
    calibration: str
    minimum_similarity: float
    gallery_memory: int
    gallery_codes: str
    scan_threads: int
    threads: int
    image_cache: int
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
        """How many inferences run at the same time."""
        return self.threads or len(os.sched_getaffinity(0))

    @property
    def is_on_loopback(self) -> bool:
        """Whether the server listens to this machine alone."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def address(host: str, port: int) -> str:
    """Returns a host and a port as a URL has them: an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def load(flags: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """Gather the settings; a flag wins over a variable, a variable over the file, the file over the default.

    Args:
        flags: setting name → value as given on the command line; None where it was not given.
        environ: the process's environment. `MIEN_CONFIG` names the file; without it `./mien.toml` is read if there.

    Raises:
        SetupError: an unknown setting, by its name, or a value of the wrong type.
    """
    return Settings(**({row.name: row.default for row in TABLE} | given(flags, environ)))


def given(flags: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings that somebody chose, without the defaults (see `load`).

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


def _boolean(value: Any) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    return value if isinstance(value, bool) else words[str(value).lower()]
