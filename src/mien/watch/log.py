"""Writes the log to standard error, one JSON object a line. It never contains images, embeddings or names."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mien.watch.record import Record  # the parent of workers logs, and loads none of what it imports


class JsonLines(logging.Formatter):
    """Formats a log record as one line of JSON; `extra={"facts": {…}}` adds members.

    Args:
        worker: the number of the worker that logs; 0 for none.
    """

    def __init__(self, worker: int = 0) -> None:
        super().__init__()
        self._worker = {"worker": worker} if worker else {}

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line of a record."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **self._worker,
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def answered(record: "Record") -> None:
    """Logs an answered request."""
    facts = {
        "request_id": record.request_id,
        "operation": record.requested,
        "key": record.key,
        "code": record.code,
        "status": record.status,
        "faces": record.faces,
        "ms": round(1000 * record.seconds, 2),
    }
    logging.getLogger("mien.request").info("answered", extra={"facts": facts})


def start(level: str, worker: int = 0) -> None:
    """Sends to standard error the log of mien from `level` on, and of its libraries from WARNING on.

    Args:
        level: as in the settings.
        worker: the number of the worker that logs; 0 for none.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(worker))
    for name in ("mien", "uvicorn", "psycopg"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level.upper() if name == "mien" else "WARNING")
    for name in ("botocore", "urllib3"):  # their warnings have addresses, and so the names of buckets and objects
        logging.getLogger(name).handlers, logging.getLogger(name).propagate = [logging.NullHandler()], False
