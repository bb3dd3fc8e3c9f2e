"""Writes and reads an export: a zip of Parquet tables and a manifest, as streams. The format is in `docs/export.md`.

The tables are stored in the zip without a second compression, so that they can be read in place. A file may come from
an untrusted source, so reading is bounded by the limits within which mien itself writes (`zip_file`).
"""

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from mien import __version__
from mien.errors import SetupError
from mien.store.tables import face_columns
from mien.system.heap import bounded
from mien.transfer import zip_file

FORMAT, VERSION = "mien-export", 2
_SINCE = {
    ("users", "display_name"): 2,
    ("users", "portrait"): 2,
}  # the version that brought a column; the others are as old as exports
BATCH = 4096  # rows in memory at the same time
TABLES = ("collections", "users", "faces")
VERDICTS = "verdicts"  # a table that a file may lack
MOST_VALUES = 4096  # numbers in a vector
MOST_TEXT = 4096  # bytes of a string
MEMORY = 384 << 20  # bytes that reading may add to the process; a batch of the longest vectors takes about 100 MiB


def parquet() -> Any:
    """Imports pyarrow, which reads and writes the tables.

    Raises:
        SetupError: pyarrow is not installed.
    """
    try:
        import pyarrow.compute  # noqa: PLC0415  heavy, and an extra
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError:
        raise SetupError("Exports are Parquet, which needs pyarrow: pip install 'mien[parquet]'.") from None
    return pyarrow


def schema(table: str, version: int = VERSION) -> Any:
    """Returns the Arrow schema of a table in a version of the format."""
    pa = parquet()
    text = pa.string()
    number = pa.field("collection", pa.int32(), nullable=False)
    columns = {
        "collections": [
            number, ("name", text), ("contract", text), ("model_version", text), ("created", pa.float64()),
            ("tags", pa.map_(text, text)),
        ],
        "users": [
            number, ("name", text), ("vector", pa.list_(pa.float32())), ("display_name", text), ("portrait", text),
        ],
        VERDICTS: [
            number, ("verdict", pa.int32()), ("kind", text), ("side", pa.int8()), ("face_id", text), ("user", text),
        ],
        "faces": [
            number,
            *((each.exported, pa.float64() if each.kind == "number" else text) for each in face_columns.COLUMNS),
            ("user", text), ("embedding", pa.list_(pa.float16())),
        ],
    }  # fmt: skip
    found = pa.schema(columns[table])
    return pa.schema([each for each in found if _SINCE.get((table, each.name), 1) <= version])


class Writer:
    """Writes an export, one table after another in the order of TABLES.

    Args:
        path: the file. It appears only when it is complete; until then a `.part` file stands beside it.
    """

    def __init__(self, path: Path) -> None:
        parquet()
        self._path, self._part = path, path.with_name(path.name + ".part")
        self._counts = dict.fromkeys((*TABLES, VERDICTS), 0)
        try:
            self._zip = zipfile.ZipFile(self._part, "w", zipfile.ZIP_STORED)
            self._part.chmod(0o600)  # embeddings are biometric data
        except OSError as error:
            raise SetupError(f"{path} cannot be written: {error.strerror}.") from None

    @contextmanager
    def table(self, name: str) -> "Iterator[Any]":
        """Yields a function that appends a batch of rows, as dicts, to a table."""
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
        """Writes the manifest, moves the file into place, and returns the number of rows of each table."""
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
        """Removes the unfinished file."""
        self._zip.close()
        self._part.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Archive:
    """An export that was opened and verified against its checksums.

    Attributes:
        path: the file.
        counts: the number of rows of each table, according to the manifest.
        version: the version of its format.
        batch: the number of rows in memory at the same time.
    """

    path: Path
    counts: Mapping[str, int]
    version: int = VERSION
    batch: int = BATCH

    def rows(self, table: str) -> Iterator[list[dict[str, Any]]]:
        """Yields a table's rows in batches, with vectors as NumPy arrays.

        Raises:
            SetupError: the table is malformed, or reading it takes more memory than a table written by mien would.
        """
        pa = parquet()
        try:
            pa.set_memory_pool(
                pa.system_memory_pool()
            )  # the other pools reserve address space up front, which defeats the bound
            with bounded(MEMORY), zip_file.member(self.path, f"{table}.parquet") as file:
                read = self._opened(file, table)
                # pyarrow's threads would keep a reference to this Python file and abort the process if it ends first.
                done = 0
                for batch in read.iter_batches(BATCH, use_threads=False):
                    where = f"{self.path}, between row {done + 1} and row {done + len(batch)} of {table}"
                    yield self._rows(batch, where)
                    done += len(batch)
        except MemoryError:
            raise SetupError(f"{self.path}: the table {table} takes more memory than any that mien writes.") from None
        except (pa.ArrowException, KeyError, OSError, ValueError, RuntimeError) as error:
            raise SetupError(f"{self.path}: the table {table} cannot be read ({type(error).__name__}).") from None

    def _opened(self, file: Any, table: str) -> Any:
        """Opens a table with dictionary-encoded strings, so that a long one is found before each row copies it."""
        pa = parquet()
        read = pa.parquet.ParquetFile(file)
        columns = schema(table, self.version)
        if not read.schema_arrow.equals(columns):
            raise SetupError(f"{self.path}: the table {table} has other columns than version {self.version} has.")
        about = read.metadata
        for number in range(about.num_row_groups):
            group = about.row_group(number)
            if not 0 <= group.num_rows <= BATCH:
                raise SetupError(f"{self.path}: the table {table} has more than {BATCH:,} rows in a group.")
        text = [field.name for field in columns if pa.types.is_string(field.type)]
        return pa.parquet.ParquetFile(file, read_dictionary=text)

    def _rows(self, batch: Any, where: str) -> list[dict[str, Any]]:
        """Returns rows as dicts. Vectors are slices of the column's numbers, since Python has no float16."""
        columns = {}
        for name in batch.schema.names:
            column = batch.column(name)
            if name in ("vector", "embedding"):
                columns[name] = _vectors(column, where)
            elif name == "tags":
                _refuse_long(column.keys, where, name)
                _refuse_long(column.items, where, name)
                columns[name] = [dict(tags or ()) for tags in column.to_pylist()]
            else:
                if parquet().types.is_dictionary(column.type):
                    _refuse_long(column.dictionary, where, name)
                columns[name] = column.to_pylist()
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _refuse_long(texts: Any, where: str, name: str) -> None:
    """Raises SetupError for a string that is too long, before each row gets a copy of it."""
    longest = parquet().compute.max(parquet().compute.binary_length(texts)).as_py() or 0
    if longest > MOST_TEXT:
        raise SetupError(
            f"{where}: a {name} has {longest:,} bytes. The API would not accept it, so nothing was imported."
        )


def _vectors(column: Any, where: str) -> list[Any]:
    offsets, values = column.offsets.to_numpy(), column.values.to_numpy()  # the values of other batches are among them
    if np.diff(offsets).max(initial=0) > MOST_VALUES:
        raise SetupError(f"{where}: a vector has more than {MOST_VALUES:,} numbers, so nothing was imported.")
    return [
        values[start:stop] if valid else None
        for start, stop, valid in zip(offsets[:-1], offsets[1:], column.is_valid().to_pylist(), strict=True)
    ]


def open_archive(path: Path) -> Archive:
    """Opens an export and reads it once to verify that it is complete.

    Raises:
        SetupError: the file is not an export, is damaged, or has a version that this mien does not read.
    """
    tables = [f"{table}.parquet" for table in TABLES]
    said = zip_file.manifest(path, tables, f"{VERDICTS}.parquet")
    if said.format != FORMAT:
        raise SetupError(f"{path} is not an export of mien.")
    if not 1 <= said.version <= VERSION:
        raise SetupError(f"{path} has version {said.version}; this mien reads versions up to {VERSION}.")
    if said.rows.keys() - {VERDICTS} != set(TABLES):
        raise SetupError(f"{path} does not say how many rows its tables have, so it is not an export of mien.")
    return Archive(path, said.rows, said.version)
