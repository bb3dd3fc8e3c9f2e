"""Collections as a file: a zip of Parquet tables and a manifest, written and read as streams. `docs/export.md`.

The tables are stored in the zip, not compressed again, so that they are read where they lie.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mien import __version__
from mien.errors import SetupError

FORMAT, VERSION = "mien-export", 1
BATCH = 4096  # rows held at the same time
TABLES = ("collections", "users", "faces")
_LOCAL_HEADER = 30  # bytes before a member's name in its zip


def parquet() -> Any:
    """The library that reads and writes the tables.

    Raises:
        SetupError: it is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: PLC0415  heavy, and for those who use it
    except ImportError:
        raise SetupError("Exports are Parquet, which needs pyarrow: pip install 'mien[parquet]'.") from None
    return pyarrow


def schema(table: str) -> Any:
    """The columns of a table."""
    pa = parquet()
    text, share = pa.string(), pa.float64()
    number = pa.field("collection", pa.int32(), nullable=False)
    columns = {
        "collections": [
            number, ("name", text), ("contract", text), ("model_version", text), ("created", pa.float64()),
            ("tags", pa.map_(text, text)),
        ],
        "users": [number, ("name", text), ("vector", pa.list_(pa.float32()))],
        "faces": [
            number, ("face_id", text), ("image_id", text), ("external_image_id", text), ("left", share), ("top", share),
            ("width", share), ("height", share), ("confidence", pa.float64()), ("user", text),
            ("embedding", pa.list_(pa.float16())),
        ],
    }  # fmt: skip
    return pa.schema(columns[table])


class Writer:
    """Writes an export. The tables come one after another, in the order of TABLES.

    Args:
        path: the file; it is there only once it is whole.
    """

    def __init__(self, path: Path) -> None:
        parquet()
        self._path, self._part = path, path.with_name(path.name + ".part")
        self._counts = dict.fromkeys(TABLES, 0)
        try:
            self._zip = zipfile.ZipFile(self._part, "w", zipfile.ZIP_STORED)
            self._part.chmod(0o600)  # embeddings are nobody else's business
        except OSError as error:
            raise SetupError(f"{path} cannot be written: {error.strerror}.") from None

    @contextmanager
    def table(self, name: str) -> "Iterator[Any]":
        """A function that takes rows of a table, as dicts, some at a time."""
        pa = parquet()
        with (
            self._zip.open(f"{name}.parquet", "w", force_zip64=True) as member,
            pa.parquet.ParquetWriter(member, schema(name), compression="zstd") as writer,
        ):

            def add(rows: Sequence[dict[str, Any]]) -> None:
                writer.write_table(pa.Table.from_pylist(list(rows), schema(name)))
                self._counts[name] += len(rows)

            yield add

    def finish(self) -> dict[str, int]:
        """Write the manifest and put the file in its place; how many rows each table has."""
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "mien": __version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "rows": self._counts,
        }
        self._zip.writestr("manifest.json", json.dumps(manifest, indent=2))
        self._zip.close()
        self._part.replace(self._path)
        return self._counts

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._zip.close()
        self._part.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Archive:
    """An export that was opened and held against its checksums.

    Attributes:
        path: the file.
        manifest: what it says of itself.
    """

    path: Path
    manifest: dict[str, Any]

    def rows(self, table: str) -> Iterator[list[dict[str, Any]]]:
        """A table's rows, some at a time; vectors as numpy arrays.

        Raises:
            SetupError: the table is not what it should be.
        """
        pa = parquet()
        try:
            with zipfile.ZipFile(self.path) as archive, _member(archive, f"{table}.parquet") as file:
                read = pa.parquet.ParquetFile(file)
                if not read.schema_arrow.equals(schema(table)):
                    raise SetupError(f"{self.path}: the table {table} has other columns than version {VERSION} has.")
                # Its threads would hold the file, which is Python's, and abort a process that ends before they let go.
                for batch in read.iter_batches(BATCH, use_threads=False):
                    yield _rows(batch)
        except (pa.ArrowException, KeyError, OSError) as error:
            raise SetupError(f"{self.path}: the table {table} cannot be read ({type(error).__name__}).") from None


def open_archive(path: Path) -> Archive:
    """Open an export, and read it once to see that it is whole.

    Raises:
        SetupError: it is no export, damaged, or of a version this mien does not know.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                raise SetupError(f"{path} is damaged.")
            manifest = json.loads(archive.read("manifest.json"))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError) as error:
        raise SetupError(f"{path} is no export of mien, or is damaged ({type(error).__name__}).") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise SetupError(f"{path} is no export of mien.")
    if manifest.get("version") != VERSION:
        raise SetupError(f"{path} has version {manifest.get('version')}; this mien reads version {VERSION}.")
    return Archive(path, manifest)


def _rows(batch: Any) -> list[dict[str, Any]]:
    """Rows as dicts. Vectors are cut from the column's numbers, since Python has no float16 of its own."""
    columns = {}
    for name in batch.schema.names:
        column = batch.column(name)
        if name in ("vector", "embedding"):
            offsets, values = column.offsets.to_numpy(), column.values.to_numpy()
            columns[name] = [
                values[start:stop] if valid else None
                for start, stop, valid in zip(offsets[:-1], offsets[1:], column.is_valid().to_pylist(), strict=True)
            ]
        else:
            columns[name] = column.to_pylist()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _member(archive: zipfile.ZipFile, name: str) -> "_Window":
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED:
        raise KeyError(name)
    file = Path(str(archive.filename)).open("rb")  # noqa: SIM115  closed with the window
    file.seek(info.header_offset + _LOCAL_HEADER - 4)  # where the lengths of the name and of what follows it stand
    lengths = file.read(4)
    start = info.header_offset + _LOCAL_HEADER + sum(int.from_bytes(lengths[at : at + 2], "little") for at in (0, 2))
    return _Window(file, start, info.file_size)


class _Window(io.RawIOBase):
    """A part of a file, read as a file."""

    def __init__(self, file: Any, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = max(0, min(len(buffer), self._size - self._at))
        self._file.seek(self._start + self._at)
        data = self._file.read(wanted)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
