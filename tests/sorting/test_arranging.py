"""Photographs in folders by person: no model, the journal says who is in them."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from mien.errors import SetupError
from mien.sorting.arranging import FACELESS, OTHERS, Arranged, Arrangement
from mien.sorting.journal import FaceSeen, Journal, Seen
from mien.sorting.placing import WAYS, Placer, refuse, remove_originals
from mien.sorting.xmp import Packet
from mien.system import leftovers
from mien.system.progress import Progress
from mien.transfer.photographs import version

BOX = (0.1, 0.1, 0.2, 0.2)
ANNA, BEA = FaceSeen(BOX, "anna", "Anna"), FaceSeen((0.6, 0.1, 0.2, 0.2), "bea", "Bea/CON")


class Album:
    """A folder of photographs and one to sort into, with runs over them."""

    def __init__(self, place: Path) -> None:
        self.source, self.into = place / "photographs", place / "sorted"
        self.source.mkdir()
        self.into.mkdir()
        self.shown: dict[str, tuple[FaceSeen, ...]] = {}
        self.failed: list[tuple[str, str]] = []

    def add(self, name: str, *faces: FaceSeen, data: bytes = b"") -> Path:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data or name.encode())
        self.shown[name] = faces
        return path

    def stranger(self, number: int) -> FaceSeen:
        return FaceSeen(BOX, embedding=np.ones(4, np.float32), stranger=number)

    @contextmanager
    def arrangement(
        self, way: str = "copy", *, dry: bool = False, xmp: bool = False, tidy: bool = False, least: int = 2
    ) -> Iterator[Arrangement]:
        journal = Journal(self.into / ".mien-sort.db", "fam")
        try:
            ledger, numbers = journal.ledger(self.into), []
            remove_originals(ledger, self._tell)
            for name, faces in self.shown.items():
                path = self.source / name
                if path.exists():
                    journal.add(Seen(path, version(path), "", (400, 300), 1, faces))
                    numbers += [face.stranger for face in faces if face.embedding is not None]
            keys = [key for batch, _, _ in journal.unknown() for key in batch.tolist()]
            journal.number(keys, numbers)
            with leftovers.folder(self.into, ".mien-sort-") as unfinished:
                placer = Placer(self.into, way, ledger, None if dry else unfinished)
                yield Arrangement(journal, ledger, placer, least, xmp, tidy, self._tell)
            journal.finish()
        finally:
            journal.close()

    def run(self, way: str = "copy", **options: bool) -> Arranged:
        with self.arrangement(way, **options) as arrangement:
            return arrangement.run(Progress("sorted", None))

    def tree(self) -> dict[str, bytes]:
        files = (path for path in sorted(self.into.rglob("*")) if path.is_file() and path.name != ".mien-sort.db")
        return {str(path.relative_to(self.into)): path.read_bytes() for path in files}

    def _tell(self, path: Path, why: str) -> None:
        self.failed.append((path.name, why))


@pytest.fixture
def album(tmp_path: Path) -> Album:
    made = Album(tmp_path)
    made.add("both.jpg", ANNA, BEA)
    made.add("2024/img.jpg", ANNA, data=b"one")
    made.add("2025/img.jpg", ANNA, data=b"two")
    made.add("2026/IMG.jpg", ANNA, data=b"three")
    made.add("sea.jpg")
    made.add("u1.jpg", made.stranger(1))
    made.add("u2.jpg", made.stranger(1), BEA)
    made.add("u3.jpg", made.stranger(2))
    made.add("blurred.jpg", FaceSeen(BOX, reasons=("LOW_SHARPNESS",)))
    return made


SORTED = {
    "Anna/both.jpg": b"both.jpg", "Anna/img.jpg": b"one", "Anna/img (2).jpg": b"two", "Anna/IMG (3).jpg": b"three",
    "Bea_CON/both.jpg": b"both.jpg", "Bea_CON/u2.jpg": b"u2.jpg", "Unknown 1/u1.jpg": b"u1.jpg",
    "Unknown 1/u2.jpg": b"u2.jpg", f"{OTHERS}/u3.jpg": b"u3.jpg", f"{FACELESS}/sea.jpg": b"sea.jpg",
    f"{FACELESS}/blurred.jpg": b"blurred.jpg",
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_each_person_gets_a_folder(album: Album, way: str) -> None:
    before = {path: path.read_bytes() for path in album.source.rglob("*.jpg")}
    done = album.run(way)
    assert album.tree() == SORTED
    assert (done.made, done.failed, album.failed) == (len(SORTED), 0, [])
    assert done.folders == {"Anna": 4, "Bea_CON": 2, "Unknown 1": 2, OTHERS: 1, FACELESS: 2}
    after = {path: path.read_bytes() for path in album.source.rglob("*.jpg")}
    assert after == ({} if way == "move" else before)
    links = [path for path in album.into.rglob("*.jpg") if path.is_symlink()]
    assert len(links) == (len(SORTED) if way == "symlink" else 0)
    assert not any(path.readlink().is_absolute() for path in links)  # both folders may move together
    shared = {path.stat().st_nlink for path in album.into.rglob("*.jpg") if not path.is_symlink()}
    assert shared == ({2, 3} if way == "hardlink" else {1, 2} if way == "move" else {1} if way == "copy" else set())


@pytest.mark.parametrize("way", WAYS)
def test_a_second_run_makes_nothing(album: Album, way: str) -> None:
    album.run(way)
    done = album.run(way)
    assert (done.made, done.failed) == (0, 0)
    assert album.tree() == SORTED


def test_a_photograph_that_changed_is_placed_beside_its_old_version(album: Album) -> None:
    album.run()
    album.add("sea.jpg", data=b"edited")
    for made in (1, 0):
        assert album.run().made == made
    assert album.tree() == SORTED | {f"{FACELESS}/sea (2).jpg": b"edited"}


def test_a_dry_run_makes_nothing_and_says_all(album: Album) -> None:
    done = album.run(dry=True)
    assert (done.made, done.folders["Anna"]) == (len(SORTED), 4)
    assert album.tree() == {}


@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_is_there_is_never_overwritten(album: Album, way: str) -> None:
    (album.into / "Anna").mkdir()
    (album.into / "Anna" / "both.jpg").write_bytes(b"mine")
    (album.into / "Anna" / "img.jpg").write_bytes(b"one")  # the same picture
    (album.into / FACELESS).write_bytes(b"a file where a folder should be")
    album.run(way)
    tree = album.tree()
    assert tree["Anna/both.jpg"] == b"mine"
    assert tree["Anna/both (2).jpg"] == b"both.jpg"
    assert tree["Anna/img (2).jpg"] == b"two"
    assert tree[f"{FACELESS} (2)/sea.jpg"] == b"sea.jpg"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("after", [1, 4, 8])
def test_an_interrupted_run_continues(album: Album, way: str, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    place, calls = Placer.place, iter(range(after))

    def interrupted(placer: Placer, source: Path, folder: str, version: str) -> tuple[Path, bool]:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return place(placer, source, folder, version)

    monkeypatch.setattr(Placer, "place", interrupted)
    with pytest.raises(KeyboardInterrupt):
        album.run(way)
    assert album.tree().items() <= SORTED.items()
    assert not list(album.into.glob(".mien-sort-*"))
    monkeypatch.undo()
    album.run(way)
    assert album.tree() == SORTED


@pytest.mark.parametrize("after", [0, 1, 5])
def test_an_interrupted_removal_of_originals_continues(
    album: Album, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left of a group in the folder says no longer whose photographs they are."""
    unlink, calls = Path.unlink, iter(range(after))

    def interrupted(path: Path, *given: bool, **named: bool) -> None:
        if path.is_relative_to(album.source) and next(calls, None) is None:
            raise KeyboardInterrupt
        unlink(path, *given, **named)

    monkeypatch.setattr(Path, "unlink", interrupted)
    with pytest.raises(KeyboardInterrupt):
        album.run("move")
    monkeypatch.undo()
    assert album.run("move").made == 0
    assert album.failed == []
    assert album.tree() == SORTED
    assert not list(album.source.rglob("*.jpg"))


def test_an_original_that_changed_meanwhile_is_not_removed(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    original = album.source / "sea.jpg"
    with album.arrangement("move") as arrangement:
        begin = type(arrangement.ledger).begin_moving

        def changed(ledger: object) -> None:
            original.unlink()
            original.write_bytes(b"edited")
            begin(ledger)  # type: ignore[arg-type]

        monkeypatch.setattr(type(arrangement.ledger), "begin_moving", changed)
        done = arrangement.run(Progress("sorted", None))
    assert done.failed == 1
    assert album.failed == [("sea.jpg", "it differs from its copy, so it stays where it is")]
    assert [path.name for path in album.source.rglob("*.jpg")] == ["sea.jpg"]


def test_a_copy_appears_whole(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system ends between the bytes and the name."""

    def fails(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "link", fails)
    with pytest.raises(KeyboardInterrupt):
        album.run()
    assert album.tree() == {}


def test_a_memory_card_without_links_gets_copies(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", unsupported)
    album.run()
    assert album.tree() == SORTED
    album.run("move")
    assert not list(album.source.rglob("*.jpg"))
    assert album.tree() == SORTED


def test_a_full_disk_ends_the_run_with_a_sentence(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mien.sorting.placing.shutil.copy2", full)
    with pytest.raises(SetupError, match="cannot take more files: No space left"):
        album.run()
    assert album.tree() == {}


def test_one_file_that_is_gone_never_stops_the_rest(album: Album) -> None:
    with album.arrangement() as arrangement:
        (album.source / "both.jpg").unlink()
        done = arrangement.run(Progress("sorted", None))
    assert [name for name, _ in album.failed] == ["both.jpg"]
    assert "No such file" in album.failed[0][1]
    assert done.failed == 1
    assert album.tree() == {name: data for name, data in SORTED.items() if "both" not in name}


def test_hard_links_to_another_file_system_are_refused(tmp_path: Path) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here")
    with pytest.raises(SetupError, match="--by copy"):
        refuse("hardlink", tmp_path, other)
    for way in ("copy", "symlink", "move"):
        refuse(way, tmp_path, other)


def test_unknown_people_keep_their_folders_when_others_come(album: Album) -> None:
    album.run()
    for number in range(4):
        album.add(f"new{number}.jpg", album.stranger(1))
    for name in ("u1.jpg", "u2.jpg"):
        album.shown[name] = (album.stranger(2), *album.shown[name][1:])
    album.shown["u3.jpg"] = (album.stranger(3),)
    album.run()
    tree = album.tree()
    assert {name for name in tree if name.startswith("Unknown 1/")} == {"Unknown 1/u1.jpg", "Unknown 1/u2.jpg"}
    assert {name for name in tree if name.startswith("Unknown 2/")} == {f"Unknown 2/new{each}.jpg" for each in range(4)}


def test_files_that_no_longer_belong_are_removed_only_if_told(album: Album) -> None:
    album.run(xmp=True)
    for name in ("u1.jpg", "u2.jpg"):  # the unknown person is named
        album.shown[name] = (FaceSeen(BOX, "cleo", "Cleo"), *album.shown[name][1:])
    (album.into / "Unknown 1" / "u1.jpg").write_bytes(b"painted over")
    done = album.run()
    assert (done.left_over, done.removed) == (2, 0)
    assert "Unknown 1/u2.jpg" in album.tree()
    done = album.run(tidy=True, xmp=True)
    assert (done.left_over, done.removed) == (2, 1)
    tree = album.tree()
    assert {name for name in tree if name.startswith("Unknown 1/")} == {"Unknown 1/u1.jpg"}
    assert tree["Cleo/u1.jpg"] == b"u1.jpg"


def test_files_whose_original_is_gone_are_not_removed(album: Album) -> None:
    album.run("move")
    album.shown = {}
    done = album.run(tidy=True)
    assert (done.left_over, done.removed) == (len(SORTED), 0)
    assert album.tree() == SORTED


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("named", ["both.jpg.xmp", "both.xmp"])
def test_a_sidecar_comes_along(album: Album, way: str, named: str) -> None:
    sidecar = Packet()
    sidecar.add_words(("http://purl.org/dc/elements/1.1/", "subject"), ["sea"])
    before = sidecar.bytes()
    (album.source / named).write_bytes(before)
    album.run(way)
    assert album.tree()[f"Anna/{named}"] == before
    assert (album.source / named).exists() == (way != "move")
    if way != "move":
        album.run(way, xmp=True)
        found = Packet(album.tree()[f"Anna/{named}"])
        assert found.words(("http://purl.org/dc/elements/1.1/", "subject")) == ["sea", "Anna", "Bea/CON"]
        assert (album.source / named).read_bytes() == before  # nothing of the originals is changed


@pytest.mark.parametrize("way", WAYS)
def test_sidecars_are_written_beside_the_sorted_photographs(album: Album, way: str) -> None:
    album.run(way, xmp=True)
    written = {name for name in album.tree() if name.endswith(".xmp")}
    assert written == {
        "Anna/both.jpg.xmp", "Anna/img.jpg.xmp", "Anna/img (2).jpg.xmp", "Anna/IMG (3).jpg.xmp",
        "Bea_CON/both.jpg.xmp", "Bea_CON/u2.jpg.xmp", "Unknown 1/u2.jpg.xmp",
    }  # fmt: skip
    assert not list(album.source.rglob("*.xmp"))


def test_a_damaged_sidecar_is_left_and_said(album: Album) -> None:
    (album.source / "both.jpg.xmp").write_bytes(b"<broken")
    done = album.run(xmp=True)
    assert done.failed == 1
    assert album.failed[0][0] == "both.jpg"
    assert "both.jpg.xmp was left as it is: it is no XML" in album.failed[0][1]
    assert album.tree()["Anna/both.jpg.xmp"] == b"<broken"


def test_two_people_of_one_name_get_two_folders(album: Album) -> None:
    album.add("twin.jpg", FaceSeen(BOX, "anna-2", "anna"))
    album.run()
    assert album.tree()["anna (2)/twin.jpg"] == b"twin.jpg"


def test_names_in_any_bytes_are_sorted(album: Album) -> None:
    odd = os.fsencode(album.source) + b"/f\xfc\n\xff.jpg"
    with suppress(OSError):
        Path(os.fsdecode(odd)).write_bytes(b"odd")
    if not Path(os.fsdecode(odd)).exists():
        pytest.skip("this file system takes UTF-8 only")
    album.shown[os.fsdecode(b"f\xfc\n\xff.jpg")] = (ANNA,)
    album.run()
    assert b"odd" in album.tree().values()
    assert album.run().made == 0


def test_a_second_run_at_the_same_time_is_refused(album: Album) -> None:
    with album.arrangement(), pytest.raises(SetupError, match="another run"):
        Journal(album.into / ".mien-sort.db", "fam")


def test_faces_do_not_stay_in_the_journal(album: Album) -> None:
    album.add("secret.jpg", FaceSeen(BOX, embedding=np.full(4, 0.123456, np.float32), stranger=3))
    album.run()
    pattern = np.full(4, 0.123456, "<f4").tobytes()
    for path in album.into.glob(".mien-sort.db*"):
        assert pattern not in path.read_bytes()
    with sqlite3.connect(album.into / ".mien-sort.db") as file:
        assert file.execute("SELECT count(*) FROM faces").fetchone() == (0,)


def test_other_options_look_again(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"a")
    runs: list[Callable[[Journal], bool]] = [lambda journal: journal.find(path, version(path))]
    for identity, known in (("one", False), ("one", True), ("two", False)):
        journal = Journal(tmp_path / "journal.db", identity)
        assert [run(journal) for run in runs] == [known]
        journal.add(Seen(path, version(path)))
        journal.close()
