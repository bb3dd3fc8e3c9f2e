"""The rows of the table of settings: name, type, default and help text of each."""

from dataclasses import dataclass
from typing import Any

import platformdirs

from mien.errors import SetupError

DEFAULT_PACK = "duo"
ENGINES = ("openvino", "onnx")
DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "f32", "bf16", "f16")
CODES = ("memory", "mapped")
FORMATS = ("jpeg", "png", "heic", "avif", "webp", "tiff", "gif", "bmp", "jxl")  # of images
VIDEO_FORMATS = ("aws", "all")
LOG_LEVELS = ("debug", "info", "warning", "error")
RESERVED = ("MIEN_CONFIG", "MIEN_TEST_")  # no settings: the path of the file, and variables of mien's tests


_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table."""

    name: str
    type: type
    default: str | int | float | bool | None  # None: the default depends on other settings
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
        """Converts a value to the setting's type.

        Raises:
            SetupError: the value has the wrong type, is out of range or none of the choices; names `source`.
        """
        try:
            parsed = _boolean(value) if self.type is bool else self.type(value)
            if not isinstance(value, str) and (self.type is bool) != isinstance(value, bool):
                raise ValueError(value)
            if isinstance(value, list | dict) or (isinstance(value, float) and parsed != value):
                raise ValueError(value)
        except (TypeError, ValueError, KeyError, OverflowError):
            raise SetupError(f"{source} must be {_KINDS[self.type]}, not {value!r}.") from None
        if self.choices and parsed not in self.choices:
            raise SetupError(f"{source} must be one of {', '.join(self.choices)}, not {value!r}.")
        if self.limits and not self.limits[0] <= parsed <= self.limits[1]:
            least, most = self.limits
            raise SetupError(f"{source} must be between {least:g} and {most:g}, not {value!r}.")
        return parsed


TABLE = (
    Setting(
        "data",
        str,
        platformdirs.user_data_dir("mien", appauthor=False),
        "data directory: the SQLite store, the master key, and snapshots of galleries",
    ),
    Setting("packs", str, "", "directory that is searched for model files before the cache and the network"),
    Setting(
        "pack",
        str,
        DEFAULT_PACK,
        "model pack that detects and embeds faces; where none is set, the one that made the store's collections",
    ),
    Setting("engine", str, "openvino", "inference engine; onnx needs `mien[onnx]` or `mien[cuda]`", ENGINES),
    Setting("device", str, "auto", "where onnx runs; auto takes cuda where `mien[cuda]` is installed", DEVICES),
    Setting("precision", str, "auto", "bf16 with openvino, f16 with onnx; auto is the device's fastest", PRECISIONS),
    Setting(
        "allow_noncommercial",
        bool,
        None,
        "serve a pack whose weights may not be used commercially (default: only when bound to loopback)",
    ),
    Setting(
        "attributes",
        str,
        "all",
        "attributes of faces that are measured when a request asks: all, none, or names separated by commas, "
        "such as smile,eyes_open; the others are answered as unknown",
    ),
    Setting("preload_attributes", bool, False, "load the attribute set at the start, not with the first request"),
    Setting(
        "store", str, "", "address of the store: sqlite:///… or postgresql://…; empty for SQLite in the data directory"
    ),
    Setting("portraits", bool, False, "keep portraits of faces in new collections without the tag mien:portraits"),
    Setting(
        "require_live",
        float,
        0.0,
        "least confidence that a face to index, compare or search by is a living one, not a print or a screen; "
        "0 for no bar, and no picture reaches more than 90",
        limits=(0, 90),
    ),
    Setting("host", str, "127.0.0.1", "address to listen on"),
    Setting("port", int, 6436, "port to listen on; 0 for any free port", limits=(0, 65_535)),
    Setting("console", bool, True, "serve the web console at /console"),
    Setting("master_key", str, "", "file of the key that encrypts access keys and portraits (default DATA/master.key)"),
    Setting("s3_endpoint", str, "", "address of the S3-compatible service of S3Object and OutputConfig (default AWS)"),
    Setting("s3_region", str, "us-east-1", "region of the S3 service"),
    Setting("s3_access_key", str, "", "access key for the S3 service (default: as AWS clients find theirs)"),
    Setting("s3_secret_key", str, "", "secret key for the S3 service"),
    Setting("s3_buckets", str, "", "buckets that requests may name, as patterns separated by commas (default none)"),
    Setting(
        "liveness_sessions",
        int,
        1000,
        "Face Liveness sessions of the last three minutes that an account may have; 0 for none",
        limits=(0, 1e6),
    ),
    Setting("formats", str, "", "formats of images that the API takes besides JPEG and PNG, such as heic,webp; or all"),
    Setting(
        "video_formats",
        str,
        "aws",
        "films that are taken: aws is MP4 and MOV with H.264; all is what FFmpeg reads",
        VIDEO_FORMATS,
    ),
    Setting("video_gigabytes", float, 10.0, "size of a film, at most", limits=(0.001, 10_000)),
    Setting("video_hours", float, 6.0, "length of a film, at most", limits=(0.001, 1000)),
    Setting(
        "video_jobs", int, 20, "video jobs of an account that may run or wait at the same time", limits=(0, 100_000)
    ),
    Setting("sns_endpoint", str, "", "address of the SNS-compatible service for ends of video jobs (default AWS)"),
    Setting(
        "sns_topics", str, "", "ARNs that NotificationChannel may name, as patterns separated by commas (default none)"
    ),
    Setting("calibration", str, "", "calibration file written by `mien eval --calibrate` (default: the pack's own)"),
    Setting(
        "minimum_similarity",
        float,
        0.0,
        "lowest similarity, 0–100, that a search returns, whatever its threshold",
        limits=(0, 100),
    ),
    Setting(
        "gallery_memory",
        int,
        0,
        "MiB of memory for galleries, beyond which the least recently searched are evicted; 0 for no limit",
        limits=(0, 1e9),
    ),
    Setting(
        "gallery_codes",
        str,
        "memory",
        "where large galleries keep their codes for re-ranking: in memory, or mapped from a file",
        CODES,
    ),
    Setting(
        "scan_threads", int, 0, "threads that share the search of a large gallery; 0 for one per core", limits=(0, 4096)
    ),
    Setting("workers", int, 0, "processes that serve on the port; 0 for one for every two threads", limits=(0, 512)),
    Setting("threads", int, 0, "inferences that run at the same time; 0 for one per core", limits=(0, 4096)),
    Setting(
        "image_cache",
        int,
        16,
        "MiB of memory for the faces of recent images, kept for minutes; 0 turns the cache off",
        limits=(0, 1e6),
    ),
    Setting(
        "liveness_streams",
        int,
        32,
        "videos of liveness sessions that arrive at the same time, of up to 10 MB each; half of them for one key",
        limits=(1, 1e6),
    ),
    Setting("bodies_in_flight", int, 128, "MiB of request bodies in memory at the same time", limits=(1, 1_000_000)),
    Setting("pixels_in_flight", int, 100, "megapixels decoded at the same time", limits=(1, 1_000_000)),
    Setting(
        "connections", int, 2048, "open connections at the same time; further ones are closed at once", limits=(1, 1e6)
    ),
    Setting(
        "queue_timeout",
        float,
        10.0,
        "seconds that a request waits for memory or a thread before it is throttled",
        limits=(0, 3600),
    ),
    Setting("request_timeout", float, 60.0, "seconds that an operation may take", limits=(0.1, 3600)),
    Setting("body_rate", int, 64, "KiB per second at which a client must send a body", limits=(1, 1_000_000)),
    Setting(
        "idle_timeout", float, 60.0, "seconds after which a connection without a request is closed", limits=(0.1, 3600)
    ),
    Setting(
        "stop_timeout", int, 10, "seconds that accepted requests have to finish when the server stops", limits=(0, 3600)
    ),
    Setting(
        "metrics_token",
        str,
        "",
        "bearer token for /metrics, which then names collections (default: open only on loopback)",
    ),
    Setting(
        "metrics_collections", int, 100, "most collections that /metrics names, the largest first", limits=(0, 10_000)
    ),
    Setting("log_level", str, "info", "lowest level that is logged to standard error", LOG_LEVELS),
)


def _boolean(value: Any) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    return value if isinstance(value, bool) else words[str(value).lower()]
