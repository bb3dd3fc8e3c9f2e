"""Opens the store that a setting names, with its tables as one value."""

from dataclasses import dataclass
from pathlib import Path

from mien.errors import SetupError
from mien.store.base import Database
from mien.store.engines import presence
from mien.store.engines.apart import Apart
from mien.store.engines.lock import DirectoryLock
from mien.store.engines.sqlite import SqliteDatabase
from mien.store.tables.collections import Collections
from mien.store.tables.damage import Damage
from mien.store.tables.faces import Faces
from mien.store.tables.hiding import Hiding
from mien.store.tables.job_claims import JobClaims
from mien.store.tables.judgements import Verdicts
from mien.store.tables.judging import Judging
from mien.store.tables.keys import Keys
from mien.store.tables.liveness_sessions import LivenessSessions
from mien.store.tables.page_keys import Seals
from mien.store.tables.persons import Persons
from mien.store.tables.portraits import Portraits
from mien.store.tables.regrouping import Regrouping
from mien.store.tables.snapshots import Snapshots
from mien.store.tables.tags import Tags
from mien.store.tables.unknown import Unknown
from mien.store.tables.users import Users
from mien.store.tables.video_faces import VideoFaces
from mien.store.tables.video_jobs import VideoJobs
from mien.store.vault import Vault
from mien.system import leftovers, private

FILE = "mien.db"
MASTER_KEY = "master.key"
FOLDERS = ("snapshots", "imports")  # that mien makes in the data directory
ASIDE = ".before-restore"  # follows the name of the store that a restore replaced
SHARED = ("postgresql://", "postgres://")  # how the address of a store that many servers share begins


@dataclass(frozen=True, slots=True)
class Store:
    """The tables of a store, and the database that keeps them."""

    database: Database
    collections: Collections
    faces: Faces
    portraits: Portraits
    users: Users
    persons: Persons
    regrouping: Regrouping
    verdicts: Verdicts
    judging: Judging
    unknown: Unknown
    hiding: Hiding
    tags: Tags
    keys: Keys
    liveness: LivenessSessions
    snapshots: Snapshots
    seals: Seals
    damage: Damage
    video_jobs: VideoJobs
    job_claims: JobClaims
    video_faces: VideoFaces


def over(database: Database, vault: Vault) -> Store:
    """Returns a store of the tables in a database; the vault encrypts the keys of portraits."""
    damage, portraits = Damage(), Portraits(database, vault)
    return Store(
        database,
        Collections(database, portraits),
        Faces(database, portraits, damage),
        portraits,
        Users(database, damage),
        Persons(database, damage),
        Regrouping(database),
        Verdicts(database),
        Judging(database),
        Unknown(database),
        Hiding(database),
        Tags(database),
        Keys(database),
        LivenessSessions(database),
        Snapshots(database),
        Seals(database),
        damage,
        VideoJobs(database),
        JobClaims(database),
        VideoFaces(database),
    )


def open_store(
    store: str, data: str, connections: int = 4, apart: Apart | None = None, vault: Vault | None = None
) -> Store:
    """Opens the store that a setting names, and creates it if it does not exist.

    Args:
        store: empty for SQLite under `data`, sqlite:///PATH, or postgresql://USER:PASSWORD@HOST:PORT/DATABASE.
        data: the data directory.
        connections: to a database on the network, at most.
        apart: locks between the processes of a server that share a SQLite file.
        vault: encrypts the keys of portraits; None for one in the directory of the store, where `master_key` is by
            default.

    Raises:
        SetupError: it cannot be opened, or the address is of no known kind.
    """
    vault = vault or Vault((Path(data) if is_shared(store) else place(store, data).parent) / MASTER_KEY)
    if not is_shared(store):
        where = place(store, data)
        presence.require(where)
        database = SqliteDatabase(where, apart)
        presence.mark(where)
        return over(database, vault)
    try:
        from mien.store.engines.postgres import PostgresDatabase  # noqa: PLC0415  psycopg is optional
    except ImportError:
        raise SetupError("A store on PostgreSQL needs psycopg: pip install 'mien[postgres]'.") from None
    return over(PostgresDatabase(store, connections), vault)


def prepare(database: Database) -> None:
    """Reserves disk space beside a SQLite file, so that deleting works on a full disk."""
    if isinstance(database, SqliteDatabase):
        database.reserve_space()


def is_shared(store: str) -> bool:
    """Returns whether many servers may use this store at the same time."""
    return store.startswith(SHARED)


def directory(store: str, data: str) -> Path:
    """Returns the directory of files that are not in the store, such as the master key.

    Raises:
        SetupError: as `place`.
    """
    if not is_shared(store):
        return place(store, data).parent
    if (folder := Path(data)).is_dir():
        private.folder(folder)
    return folder


def named(store: str, data: str) -> Path:
    """Returns the path that the address of a SQLite file names; nothing is made or refused."""
    return Path(store.removeprefix("sqlite:///")) if store else Path(data) / FILE


def place(store: str, data: str) -> Path:
    """Returns the path of the SQLite file, whose directory is made if needed.

    Raises:
        SetupError: the address is of no known kind, or the directory cannot be made or is open to others.
    """
    if store and not store.startswith("sqlite:///"):
        kind = store.partition(":")[0]
        raise SetupError(
            f"The store {kind}: is not known; leave it empty, or give sqlite:///PATH or postgresql://HOST/DATABASE."
        )
    path = named(store, data)
    try:
        path.parent.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
        if not store:  # a folder that the operator names may have other files
            private.folder(path.parent)
    except OSError as error:
        raise SetupError(f"The data directory {path.parent} cannot be made: {error.strerror}.") from None
    return path


def lock(store: str, data: str, patience: float = 0.0) -> DirectoryLock:
    """Locks the data directory of a store that is not shared against other servers (see `DirectoryLock`).

    The leftovers of a restore that was killed are removed: a copy of the backup, and a second name of the store.

    Raises:
        SetupError: another server holds it, or it cannot be written to.
    """
    path = place(store, data)
    where = path.parent
    try:
        held = DirectoryLock(where, patience)
        for name in () if store else FOLDERS:
            private.tree(where / name)
        for made in (path, path.with_name(path.name + ASIDE)):
            leftovers.remove_stale(made)
        return held
    except OSError as error:
        raise SetupError(f"The data directory {where} cannot be written to: {error.strerror}.") from None
