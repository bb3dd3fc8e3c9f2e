"""With no pack chosen, the one that made the store's collections serves."""

import json
import subprocess
from contextlib import closing
from pathlib import Path

from mien.packs import manifest, remembered
from mien.store import open as stores
from mien.store.upkeep import makers
from tests.live import command, environment

RETAIL, SFACE, DUO = (manifest.named(name).contract for name in ("retail", "sface", "duo"))


def filled(address: str, data: Path, counts: dict[str, int]) -> None:
    """Makes a collection of so many faces with each pack."""
    with closing(stores.open_store(address, str(data)).database) as database:
        rows = [("000000000000", f"c{n}", 0, "1", contract, counts[contract]) for n, contract in enumerate(counts)]
        columns = "account, name, created, model_version, contract, faces"
        query = f"INSERT INTO collections ({columns}) VALUES (?, ?, ?, ?, ?, ?)"
        database.write(lambda cursor: cursor.run_many(query, rows))


def test_the_pack_of_most_faces_is_first(tmp_path: Path) -> None:
    assert makers.contracts("", str(tmp_path / "none")) == []
    assert not (tmp_path / "none").exists()
    filled("", tmp_path, {SFACE: 1, RETAIL: 5, DUO: 0})
    assert makers.contracts("", str(tmp_path)) == [RETAIL, SFACE, DUO]


def test_a_database_on_the_network_is_asked_too(schema: str, tmp_path: Path) -> None:
    assert makers.contracts(schema, "") == []
    filled(schema, tmp_path, {DUO: 2, SFACE: 3})
    assert makers.contracts(schema, "") == [SFACE, DUO]


def test_a_pack_that_is_not_known_here_is_passed_over(tmp_path: Path) -> None:
    assert remembered.name(["gone", SFACE, DUO], "") == "sface"
    assert remembered.name(["gone"], "") == ""
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog/damaged.toml").write_text("=")
    assert remembered.name([RETAIL], str(tmp_path)) == "retail"


def test_doctor_tries_the_pack_of_the_store_unless_one_is_chosen(packs: str, tmp_path: Path) -> None:
    filled("", tmp_path / "data", {RETAIL: 5})

    def doctor(*flags: str) -> tuple[str, str]:
        ran = subprocess.run(
            command("doctor", "--json", "--packs", packs, "--data", str(tmp_path / "data"), *flags),
            capture_output=True, text=True, cwd=tmp_path, env=environment(), check=False,
        )  # fmt: skip
        said = json.loads(ran.stdout)
        return str(said["found"]["pack"]), ran.stderr + " ".join(said["notes"])

    pack, told = doctor()
    assert pack.startswith("retail")
    assert "--pack chooses another" in told
    pack, told = doctor("--pack", "duo")
    assert pack.startswith("duo")
    assert "--pack retail" in told
