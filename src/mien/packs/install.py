"""Finds a pack's files before it is loaded: in the user's folder, in the cache, or at the publisher.

A publisher has an address to download from, or a Python package that is installed and never imported. Files that the
user brings are never downloaded.

No file is used unless its digest is that of the catalogue. A download is written under a hidden name beside its place,
checked, and only then renamed; the remains of a killed one are removed when the pack is next installed.
"""

import shutil
import threading
import urllib.error
import urllib.request
from concurrent.futures import Future
from http.client import HTTPException, HTTPResponse
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import platformdirs

from mien.errors import SetupError
from mien.packs.manifest import MOST_FILE, File, Release, digest
from mien.system import leftovers

TIMEOUT = 8.0  # seconds until an address that does not answer is given up
ENCLOSED = Path(__file__).parent / "catalog"  # the folder of the files that come with mien
ADDING = ".adding-"  # prefix of the folder in which a user's own pack is tried
_CHUNK = 1 << 16


class WrongDigestError(SetupError):
    """A file differs from the one its publisher published."""


def cache(packs: str) -> Path:
    """Returns `packs`, or the default cache directory if it is empty."""
    return Path(packs) if packs else Path(platformdirs.user_cache_dir("mien", appauthor=False)) / "packs"


def find(manifest: Release, packs: str) -> dict[str, Path] | None:
    """Returns the path of each of the pack's files, or None when one is missing.

    Args:
        manifest: the pack.
        packs: the user's own folder, searched before the cache; empty for none. Files may lie in it directly or under
            the pack's name.

    Raises:
        WrongDigestError: a file's digest is not that of the catalogue.
    """
    for folder in _folders(manifest, packs):  # both files of an IR must be in one folder
        found = {file.name: _place(file, folder) for file in manifest.files}
        if all(path.is_file() for path in found.values()):
            for file in manifest.files:
                _check(file, found[file.name], manifest)
            return found
    return None


def install(manifest: Release, packs: str, accepted: bool = False) -> dict[str, Path]:
    """Finds the pack's files, and downloads missing ones into the cache.

    Args:
        manifest: the pack.
        packs: the user's own folder (see `find`).
        accepted: whether the user accepts a licence that forbids commercial use.

    Raises:
        SetupError: a file is missing and cannot be downloaded; the text says what was tried and what to do.
    """
    leftovers.remove_stale_folders(cache(""), ADDING)
    for file in manifest.files:
        leftovers.remove_stale(cache("") / manifest.name / file.name)
    found = find(manifest, packs)
    if found is not None:
        return found
    check_license(manifest, accepted)
    target = cache("") / manifest.name
    _require_brought(manifest, packs)
    _require_packages(manifest, packs)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for file in manifest.files:
            places = [_place(file, folder) for folder in _folders(manifest, packs)]
            present = next((place for place in places if place.is_file()), None)
            if present is None:
                _download(file, target / file.name)
                continue
            _check(file, present, manifest)
            if present.parent != target and not file.enclosed:
                copy(present, target / file.name)
    except OSError as error:
        raise SetupError(_not_installed(manifest, packs, _reason(error))) from None
    found = find(manifest, packs)
    if found is None:
        raise SetupError(_not_installed(manifest, packs, "the files did not stay where they were put"))
    return found


def check_license(manifest: Release, accepted: bool, command: str = "") -> None:
    """Refuses to install a pack whose licence the user would have to accept first.

    Args:
        manifest: the pack.
        accepted: whether the user accepts a licence that forbids commercial use.
        command: the command to repeat with the flag; empty for `mien packs install`.

    Raises:
        SetupError: its weights may not be used commercially and the user did not accept that.
    """
    if not (manifest.license.commercial or accepted):
        raise SetupError(
            f"The weights of the pack {manifest.name} may not be used commercially ({manifest.license.name}, "
            f"{manifest.license.address}); read that licence, and if your use is within it, run "
            f"`{command or f'mien packs install {manifest.name}'} --accept-license`."
        )


def keep(manifest: Release, found: dict[str, Path]) -> dict[str, Path]:
    """Copies a pack's files into the cache, where every later command finds them, and returns their new paths.

    Args:
        manifest: the pack.
        found: name → path, digests checked.

    Raises:
        SetupError: the cache cannot be written to.
    """
    target = cache("") / manifest.name
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, path in found.items():
            if path != target / name:
                copy(path, target / name)
    except OSError as error:
        raise SetupError(f"The pack {manifest.name} cannot be kept in {target}: {_reason(error)}.") from None
    return {name: target / name for name in found}


def _folders(manifest: Release, packs: str) -> list[Path]:
    mine = [Path(packs), Path(packs) / manifest.name] if packs else []
    return [*mine, cache("") / manifest.name]


def _place(file: File, folder: Path) -> Path:
    """Returns a file's path in a folder or, if it is not there, in its Python package."""
    if file.enclosed:
        return ENCLOSED / file.name
    path, inside = folder / file.name, _packaged(file)
    return inside if inside and not path.is_file() else path


def _packaged(file: File) -> Path | None:
    """Returns a file's path in its Python package; None if it has none, or it is not installed."""
    try:
        return Path(str(distribution(file.package.name).locate_file(file.package.path))) if file.package else None
    except PackageNotFoundError:
        return None


def _require_brought(manifest: Release, packs: str) -> None:
    """Raises with the names of missing files that the user has to bring.

    Raises:
        SetupError: one of them is missing.
    """
    folders = _folders(manifest, packs)
    missing = [file for file in manifest.files if not any(_place(file, folder).is_file() for folder in folders)]
    names = [file.name for file in missing if file.bring]
    if names:
        accept = "" if manifest.license.commercial else " --accept-license"
        raise SetupError(
            f"You bring the files of the pack {manifest.name} yourself, mien never downloads them, and "
            f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} missing; run `mien packs install "
            f"{manifest.name} --packs FOLDER{accept}` with the folder that holds them."
        )


def _require_packages(manifest: Release, packs: str) -> None:
    """Raises with the Python packages to install, because mien installs none by itself.

    Raises:
        SetupError: a file that comes in a package is missing.
    """
    folders = _folders(manifest, packs)
    missing = [file for file in manifest.files if not any(_place(file, folder).is_file() for folder in folders)]
    sources = sorted({file.source for file in missing if file.package and not file.url})
    if sources:
        raise SetupError(
            f"The pack {manifest.name} takes files from {' and '.join(sources)}; run `pip install "
            f"'mien[{manifest.name}]'`, or put the files that `mien packs list` names in a folder and set MIEN_PACKS "
            "to it."
        )


def _check(file: File, path: Path, manifest: Release) -> None:
    """Raises unless a file has the catalogue's digest."""
    if digest(path) != file.sha256:
        remedy = f"remove it and run `mien packs install {manifest.name}`"
        if file.package and path == _packaged(file):
            remedy = f"run `pip install --force-reinstall {file.package.name}=={file.package.version}`"
        raise WrongDigestError(
            f"{path} is not the file its publisher published (its SHA-256 is not {file.sha256[:12]}…); {remedy}."
        )


def _download(file: File, target: Path) -> None:
    with _open(file.url) as answer, leftovers.making(target) as arriving:
        left = file.size or MOST_FILE
        with arriving.open("wb") as writing:
            while chunk := answer.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise OSError(f"{file.url} answered more than the {file.size or MOST_FILE} bytes of {file.name}")
                writing.write(chunk)
        if digest(arriving) != file.sha256:
            raise OSError(f"{file.url} answered something else than the catalogue's {file.name}")
        arriving.replace(target)


def _open(url: str) -> HTTPResponse:
    """Opens an address within TIMEOUT overall, which includes resolving the name and trying several hosts."""
    request = urllib.request.Request(url, headers={"User-Agent": "mien"})  # noqa: S310  `_opener` opens no other
    answer: Future[HTTPResponse] = Future()

    def attempt() -> None:
        try:
            answer.set_result(_opener().open(request, timeout=TIMEOUT))
        except (OSError, HTTPException, ValueError) as error:  # ValueError: the address is not valid
            answer.set_exception(error if isinstance(error, OSError) else OSError(f"{url}: {error}"))

    threading.Thread(target=attempt, daemon=True).start()
    return answer.result(timeout=TIMEOUT)


def _opener() -> urllib.request.OpenerDirector:
    """Returns an opener for http and https only, also after a redirect, through a proxy if one is set."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def copy(source: Path, target: Path) -> None:
    """Copies a file so that the target is whole or does not exist."""
    with leftovers.making(target) as arriving:
        shutil.copyfile(source, arriving)
        arriving.replace(target)


def _reason(error: OSError) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return f"no answer within {TIMEOUT:g} s"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause)


def _not_installed(manifest: Release, packs: str, reason: str) -> str:
    looked = " and ".join(str(place) for place in ([Path(packs)] if packs else []) + [cache("") / manifest.name])
    return (
        f"The pack {manifest.name} could not be installed: its files are not in {looked}, and the download failed "
        f"({reason}); fetch the files that `mien packs list` names on another machine, put them in a folder and set "
        "MIEN_PACKS to it, or set https_proxy if this machine reaches the network through one."
    )
