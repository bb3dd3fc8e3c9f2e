"""Serves the console under `/console/`, the packaged files of `mien/console`; passes all other requests on to the API.

The page is static and calls the public API from the browser. `/console/about.json` has what the API does not tell and
everyone may know: version, pack and licence, engine, kind of store, whether requests must be signed, the false match
rate and the score of each similarity, and the thresholds of the quality filter.
"""

import asyncio
import hashlib
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

import msgspec

from mien import __version__
from mien.face.similarity import FAR_SIMILARITY
from mien.operations.context import Context
from mien.operations.quality_filter import BARS
from mien.wire.answer import Application, Receive, Scope, Send

PATH = "/console/"
TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "json": "application/json",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
SIMILARITIES = (0.0, *(similarity for _, similarity in FAR_SIMILARITY), 100.0)  # with a score in `about.json`
TEXT = {"content-type": "text/plain; charset=utf-8"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types"
)
GUARDS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",  # the camera for the page Liveness
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",  # the browser asks each time, and is answered 304 if nothing changed
}


@dataclass(frozen=True, slots=True)
class File:
    """A file of the console: its bytes, its type, and its entity tag for conditional requests."""

    body: bytes
    content_type: str
    tag: str


class Console:
    """The ASGI application of the console.

    Args:
        api: answers all other requests.
        context: described by `about.json`.
    """

    def __init__(self, api: Application, context: Context) -> None:
        self._api = api
        self._context = context
        self._files = _packaged()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request for the console, without leave for other origins, and passes on any other."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            return await self._api(scope, receive, send)
        path, headers = scope["path"], dict(scope["headers"])
        is_browser = b"text/html" in headers.get(b"accept", b"") and not any(
            name == b"authorization" or name.startswith(b"x-amz-") for name in headers
        )
        if path == PATH.rstrip("/") or (path == "/" and is_browser):
            return await _send(send, 303, b"", {"location": PATH.lstrip("/")})
        if not path.startswith(PATH):
            return await self._api(scope, receive, send)
        name = path.removeprefix(PATH) or "index.html"
        if name == "about.json":
            loop = asyncio.get_running_loop()
            facts = await loop.run_in_executor(None, about, self._context)
            return await _send(send, 200, msgspec.json.encode(facts), {"content-type": "application/json"})
        file = self._files.get(name)
        if file is None:
            return await _send(send, 404, b"There is no such page.\n", TEXT)
        known = file.tag.encode() in headers.get(b"if-none-match", b"")
        kind = {"content-type": file.content_type, "etag": file.tag}
        return await _send(send, 304 if known else 200, b"" if known else file.body, kind)


def about(context: Context) -> dict[str, Any]:
    """Returns the facts of `about.json`, which anyone may read."""
    manifest, runtime = context.pack.manifest, context.pack.runtime
    return {
        "version": __version__,
        "pack": {
            "name": manifest.name,
            "title": manifest.title,
            "model_version": manifest.model_version,
            "license": manifest.license.name,
            "license_address": manifest.license.address,
            "commercial": manifest.license.commercial,
        },
        "engine": {"name": runtime.engine, "version": runtime.version, "precision": runtime.precision},
        "store": context.store.database.describe().partition(" at ")[0],  # without its address
        "access": "keys" if context.store.keys.any() else "open",
        "minimum_similarity": context.minimum_similarity,
        "false_match_rates": [[similarity, rate] for rate, similarity in FAR_SIMILARITY],
        "scores": [[similarity, context.pack.calibration.score(similarity)] for similarity in SIMILARITIES],
        "quality_filters": {name: asdict(bar) for name, bar in BARS.items()},
    }


def _packaged() -> dict[str, File]:
    """Returns the console's files by name; they are few and small."""
    found = {}
    for each in resources.files("mien").joinpath("console").iterdir():
        content_type = TYPES.get(each.name.rpartition(".")[2])
        if content_type:
            body = each.read_bytes()
            found[each.name] = File(body, content_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
    return found


async def _send(send: Send, status: int, body: bytes, extra: dict[str, str]) -> None:
    pairs = GUARDS | extra | ({} if status == 304 else {"content-length": str(len(body))})
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
