"""Writes docs/licences.md for `make licences`: the licences of what mien installs, and of what its wheels bundle.

    python supply/licences.py [FILE]        FILE is docs/licences.md where none is named

Licences are read from the metadata of the packages that this Python has, which must be those that constraints.txt pins.
A library in a wheel that BUNDLED does not name is an error, and so is a package that states no licence.
"""

import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINS = ROOT / "constraints.txt"
PAGE = ROOT / "docs" / "licences.md"
TEXT = Path(__file__).with_name("licences.md")  # the page around its tables
EXTRAS = (
    "postgres", "onnx", "cuda", "sface", "dlib", "galleries", "heic", "video", "ray", "eval", "parquet", "tracing",
)  # fmt: skip
# Licences as SPDX expressions, where the metadata has another spelling, a whole text, or a family of licences.
SPELLINGS = {
    "MIT license": "MIT",
    "MIT License": "MIT",
    "Apache 2.0": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "OSI Approved :: Apache Software License": "Apache-2.0",
    "OSI Approved :: MIT License": "MIT",
}
STATED = {
    "contourpy": "BSD-3-Clause",
    "cycler": "BSD-3-Clause",
    "kiwisolver": "BSD-3-Clause",
    "lz4": "BSD-3-Clause",
    "matplotlib": "PSF-2.0",
    "numba": "BSD-2-Clause",
    "python-dateutil": "Apache-2.0 AND BSD-3-Clause",
    "uvloop": "MIT OR Apache-2.0",
}
ELSEWHERE = {  # on another system, or in the place of another package
    "onnxruntime-gpu": "MIT",
    "setuptools": "MIT",
    "tzdata": "Apache-2.0",
}
SEVERAL = "MIT, BSD, Apache-2.0, MPL-2.0 and others"
GCC = "GPL-3.0-or-later WITH GCC-exception-3.1"
FFMPEG = ("FFmpeg", "LGPL-2.1-or-later")
# How the file of a bundled library begins (`*` stands for anything): what it is, and its licence. The first that fits.
BUNDLED = {
    "libcrypto*.so.1.1": ("OpenSSL 1.1", "OpenSSL"),
    "libssl*.so.1.1": ("OpenSSL 1.1", "OpenSSL"),
    "libSvtAv1Enc": ("SVT-AV1", "BSD-3-Clause-Clear"),
    "libXau": ("libXau", "MIT"),
    "libaom": ("libaom", "BSD-2-Clause"),
    "libasound": ("ALSA's library", "LGPL-2.1-or-later"),
    "libavif": ("libavif", "BSD-2-Clause"),
    "libav[cdfu]": FFMPEG,
    "libsw[rs]": FFMPEG,
    "libbrotli": ("Brotli", "MIT"),
    "libcom_err": ("MIT Kerberos", "MIT"),
    "libcrypt-": ("libcrypt", "LGPL-2.1-or-later"),
    "libcrypto": ("OpenSSL", "Apache-2.0"),
    "libdav1d": ("dav1d", "BSD-2-Clause"),
    "libdrm": ("libdrm", "MIT"),
    "libfreetype": ("FreeType", "FTL OR GPL-2.0-only"),
    "libgfortran": ("GCC's Fortran runtime", GCC),
    "libgmp": ("GMP", "LGPL-3.0-or-later OR GPL-2.0-or-later"),
    "libgnutls": ("GnuTLS", "LGPL-2.1-or-later"),
    "libhogweed": ("Nettle", "LGPL-3.0-or-later OR GPL-2.0-or-later"),
    "libgssapi_krb5": ("MIT Kerberos", "MIT"),
    "libharfbuzz": ("HarfBuzz", "MIT-Modern-Variant"),
    "libhwloc": ("hwloc", "BSD-3-Clause"),
    "libjpeg": ("libjpeg-turbo", "IJG AND BSD-3-Clause"),
    "libk5crypto": ("MIT Kerberos", "MIT"),
    "libkeyutils": ("keyutils", "LGPL-2.1-or-later"),
    "libkrb5": ("MIT Kerberos", "MIT"),
    "liblber": ("OpenLDAP", "OLDAP-2.8"),
    "libde265": ("libde265", "LGPL-3.0-or-later"),
    "libheif": ("libheif", "LGPL-3.0-or-later"),
    "libx265": ("x265, which mien never calls", "GPL-2.0-or-later"),
    "liblcms2": ("Little CMS", "MIT"),
    "libldap": ("OpenLDAP", "OLDAP-2.8"),
    "liblzma": ("XZ Utils", "0BSD"),
    "libmp3lame": ("LAME", "LGPL-2.0-or-later"),
    "libnettle": ("Nettle", "LGPL-3.0-or-later OR GPL-2.0-or-later"),
    "libopencore": ("OpenCORE AMR", "Apache-2.0"),
    "libopus": ("Opus", "BSD-3-Clause"),
    "libunistring": ("libunistring", "LGPL-3.0-or-later OR GPL-2.0-or-later"),
    "libvpl": ("Intel VPL", "MIT"),
    "libx264": ("x264, which mien never calls", "GPL-2.0-or-later"),
    "libopenblas": ("OpenBLAS", "BSD-3-Clause"),
    "libopenjp2": ("OpenJPEG", "BSD-2-Clause"),
    "libpng": ("libpng", "libpng-2.0"),
    "libpq": ("libpq", "PostgreSQL"),
    "libquadmath": ("GCC's quadruple-precision runtime", "LGPL-2.1-or-later"),
    "libsasl2": ("Cyrus SASL", "BSD-Attribution-HPND-disclaimer"),
    "libscipy_openblas": ("OpenBLAS", "BSD-3-Clause"),
    "libsharpyuv": ("libwebp", "BSD-3-Clause"),
    "libssl": ("OpenSSL", "Apache-2.0"),
    "libtbb": ("oneTBB", "Apache-2.0"),
    "libtiff": ("LibTIFF", "libtiff"),
    "libvpx": ("libvpx", "BSD-3-Clause"),
    "libwebp": ("libwebp", "BSD-3-Clause"),
    "libxcb": ("libxcb", "MIT"),
    "libzstd": ("Zstandard", "BSD-3-Clause"),
}
BUILT_OTHERWISE = {("av", FFMPEG): ("FFmpeg, linked with x264 and x265", "LGPL-3.0-or-later AND GPL-2.0-or-later")}
OWN = ("libopenvino",)  # libraries of the package itself
# What wheels carry inside their own libraries, where no file's name tells it. Each is named by the wheel's own notices.
LINKED = {
    "cryptography": [("OpenSSL", "Apache-2.0")],
    "httptools": [("llhttp", "MIT"), ("http-parser", "MIT")],
    "llvmlite": [("LLVM", "Apache-2.0 WITH LLVM-exception")],
    "onnxruntime": [("the libraries of its ThirdPartyNotices.txt", SEVERAL)],
    "opencv-python-headless": [
        ("Intel IPP ICV", "Intel Simplified Software License"),
        ("libjpeg-turbo", "IJG AND BSD-3-Clause"),
        ("LibTIFF", "libtiff"),
        ("libwebp", "BSD-3-Clause"),
        ("Protobuf", "BSD-3-Clause"),
        ("FlatBuffers", "Apache-2.0"),
    ],
    "openvino": [
        ("oneDNN", "Apache-2.0"),
        ("the libraries of its licensing folder", SEVERAL),
    ],
    "pyarrow": [("the libraries of its LICENSE.txt", SEVERAL)],
    "simplejpeg": [("libjpeg-turbo", "IJG AND BSD-3-Clause AND Zlib")],
    "uvloop": [("libuv", "MIT")],
}


class LicenceError(Exception):
    """A package or a bundled library has no licence that is known here."""


def pins() -> dict[str, tuple[str, list[str]]]:
    """Returns the version and the sets of each pinned package that a server may have."""
    found = re.findall(r"^# for: (.*) \.\n(\S+?)==(\S+)", PINS.read_text(), re.MULTILINE)
    wanted = {"serve", "build", *EXTRAS}
    return {name: (version, sets.split()) for sets, name, version in found if wanted & set(sets.split())}


def licence(name: str, version: str) -> str:
    """Returns the licence of a pinned package, as its metadata states it.

    Raises:
        LicenceError: the package is missing, has another version, or states no licence.
    """
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    try:
        found = distribution(name)
    except PackageNotFoundError:
        raise LicenceError(f"{name} is not installed; run `make licences`.") from None
    if found.version != version:
        raise LicenceError(f"{name} {found.version} is installed, and {version} is pinned; run `make licences`.")
    if name in STATED:
        return STATED[name]
    stated = next(
        (str(found.metadata[each]) for each in ("License-Expression", "License") if each in found.metadata), ""
    )
    if not stated:
        classifiers = found.metadata.get_all("Classifier") or []
        stated = next((each.partition(" :: ")[2] for each in classifiers if each.startswith("License ")), "")
    stated = SPELLINGS.get(stated, stated)
    if not re.fullmatch(r"[\w.+-]+( (AND|OR|WITH) [\w.+-]+)*", stated):
        raise LicenceError(f"{name} states its licence as {stated[:60]!r}; give its SPDX expression in STATED.")
    return stated


def bundled(name: str) -> list[tuple[str, str]]:
    """Returns the libraries that a package's wheel bundles, each with its licence.

    Raises:
        LicenceError: BUNDLED does not name one.
    """
    if name in ELSEWHERE:
        return LINKED.get(name, [])
    found: dict[tuple[str, str], None] = {}
    for file in _libraries(distribution(name)):
        row = next((row for start, row in BUNDLED.items() if fnmatchcase(file, f"{start}*")), None)
        if row is None:
            raise LicenceError(f"{name} bundles {file}, which BUNDLED does not name.")
        found[BUILT_OTHERWISE.get((name, row), row)] = None
    return [*sorted(found), *LINKED.get(name, [])]


def _libraries(package: Distribution) -> Iterator[str]:
    for file in package.files or []:
        folder = file.parent.name
        is_bundled = folder.endswith((".libs", ".dylibs")) or folder == "libs"
        if is_bundled and re.search(r"\.(so[.\w]*|dylib|dll)$", file.name) and not file.name.startswith(OWN):
            yield file.name


def packages() -> Iterator[str]:
    """Returns the rows of the pinned packages."""
    yield "| package | version | licence | installed for |"
    yield "|---|---|---|---|"
    for name, (version, sets) in pins().items():
        extras = [each for each in EXTRAS if each in sets]
        why = "every server" if "serve" in sets else ", ".join(f"`{each}`" for each in extras) or "building mien"
        yield f"| {name} | {version} | {licence(name, version)} | {why} |"


def libraries() -> Iterator[str]:
    """Returns the rows of the bundled libraries."""
    yield "| library | licence | in |"
    yield "|---|---|---|"
    found: dict[tuple[str, str], list[str]] = {}
    for name in pins():
        for row in bundled(name):
            found.setdefault(row, []).append(name)
    for (library, terms), holders in sorted(found.items(), key=lambda each: each[0][0].lower()):
        yield f"| {library} | {terms} | {', '.join(dict.fromkeys(holders))} |"


def main() -> None:
    """Writes the page."""
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    try:
        tables = {"PACKAGES": "\n".join(packages()), "LIBRARIES": "\n".join(libraries())}
    except LicenceError as error:
        sys.exit(str(error))
    page.write_text(re.sub(r"^\{(\w+)\}$", lambda match: tables[match[1]], TEXT.read_text(), flags=re.MULTILINE))


if __name__ == "__main__":
    main()
