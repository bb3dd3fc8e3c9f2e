"""Which store a setting names, opened; the tables over it as one value."""

from dataclasses import dataclass
from pathlib import Path

from mien.errors import SetupError
from mien.store.base import Database
from mien.store.collections import Collections
from mien.store.faces import Faces
from mien.store.keys import Keys
from mien.store.snapshots import Snapshots
from mien.store.sqlite import DirectoryLock, SqliteDatabase
from mien.store.tags import Tags
from mien.store.users import Users

FILE = "mien.db"


@dataclass(frozen=True, slots=True)
class Store:
    """The truth, by nouns."""

    database: Database
    collections: Collections
    faces: Faces
    users: Users
    tags: Tags
    keys: Keys
    snapshots: Snapshots


def over(database: Database) -> Store:
    """The tables over a database."""
    return Store(
        database,
        Collections(database),
        Faces(database),
        Users(database),
        Tags(database),
        Keys(database),
        Snapshots(database),
    )


def open_store(store: str, data: str) -> Store:
    """Open the store a setting names, creating it where it is not there.

    Args:
        store: empty for SQLite under `data`, or sqlite:///PATH.
        data: the data directory.

    Raises:
        SetupError: it cannot be opened, or the name is of no known store.
    """
    return over(SqliteDatabase(place(store, data)))


def place(store: str, data: str) -> Path:
    """Where the SQLite file lies; its directory is made.

    Raises:
        SetupError: the name is of no known store, or the directory cannot be made.
    """
    if store and not store.startswith("sqlite:///"):
        raise SetupError(f"The store {store.partition(':')[0]}: is not known; leave it empty or give sqlite:///PATH.")
    path = Path(store.removeprefix("sqlite:///")) if store else Path(data) / FILE
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # embeddings are nobody else's business
    except OSError as error:
        raise SetupError(f"The data directory {path.parent} cannot be made: {error.strerror}.") from None
    return path


def lock(store: str, data: str) -> DirectoryLock:
    """Keep other servers away from the store's directory.

    Raises:
        SetupError: another server holds it, or it cannot be written to.
    """
    directory = place(store, data).parent
    try:
        return DirectoryLock(directory)
    except OSError as error:
        raise SetupError(f"The data directory {directory} cannot be written to: {error.strerror}.") from None
