"""docs/licences.md names what a server installs and what the wheels bundle, in the pinned versions."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from supply import licences

PAGE = licences.PAGE.read_text()
ROWS = {line.split(" | ")[0].removeprefix("| "): line for line in PAGE.splitlines() if line.startswith("| ")}
WHEELS = (sys.platform, platform.machine()) == ("linux", "x86_64")


@pytest.mark.parametrize("name", licences.pins())
def test_each_package_that_a_server_may_have_is_named_with_its_licence(name: str) -> None:
    version, _ = licences.pins()[name]
    assert ROWS[name].startswith(f"| {name} | {version} | {licences.licence(name, version)} |"), "run `make licences`"


@pytest.mark.skipif(not WHEELS, reason="the page names what the wheels for Linux on x86-64 bundle")
def test_what_is_committed_is_what_is_written(tmp_path: Path) -> None:
    program = Path(licences.__file__)
    subprocess.run([sys.executable, str(program), str(tmp_path / "page.md")], check=True, timeout=60)
    assert (tmp_path / "page.md").read_text() == PAGE, "run `make licences`"


def test_what_the_lgpl_covers_is_known() -> None:
    """A further one needs a sentence on the page."""
    covered = {name for name, row in ROWS.items() if "LGPL" in row}
    assert covered == {
        "FFmpeg", "GCC's quadruple-precision runtime", "keyutils", "libcrypt", "libde265", "libheif",
        "psycopg", "psycopg-binary", "psycopg-pool",
        "ALSA's library", "FFmpeg, linked with x264 and x265", "GMP", "GnuTLS", "LAME", "libunistring", "Nettle",
    }  # fmt: skip


def test_a_library_that_nobody_named_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(licences.BUNDLED, "libquadmath")
    with pytest.raises(licences.LicenceError, match="libquadmath"):
        licences.bundled("numpy")
