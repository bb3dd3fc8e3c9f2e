"""Refuses requests that a browser sends for a page of another site; stands first, while there are no access keys.

Loopback keeps other machines out, but a browser on this machine sends what any page asks for. A page whose DNS name was
rebound to this machine is recognised by that name in `Host`, any other by `Origin` or, if that is missing, by
`Sec-Fetch-Site`. From the first key on, a signature is required instead.
"""

import asyncio
import ipaddress
import logging
import re
import socket
import uuid
from collections.abc import Callable

from mien.errors import AccessDeniedError
from mien.wire.answer import Answer, Application, Receive, Scope, Send, refusal, respond

ELSEWHERE = (
    "Without access keys mien answers requests to localhost, to a loopback address or to what the setting host says, "
    "and this one is to another name. Use one of these, or make a key: mien keys create."
)
ANOTHER_SITE = "Pages of other sites are let in once there is an access key to sign with: mien keys create."

_AUTHORITY = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::[0-9]{0,5})?")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?P<authority>.*)", re.DOTALL)
_PARTS = re.compile(r"[0-9a-fx]+(?:\.[0-9a-fx]+){0,3}")  # since `inet_aton` accepts words behind an address

log = logging.getLogger("mien.request")


class OriginCheck:
    """The ASGI application that checks `Host` and `Origin`, and passes requests on.

    Args:
        application: receives the requests that pass.
        is_locked: returns whether requests must be signed; reads the store.
        host: the setting of this name, whose value is accepted as `Host`.
    """

    def __init__(self, application: Application, is_locked: Callable[[], bool], host: str) -> None:
        self._application = application
        self._is_locked = is_locked
        self._names = frozenset({"localhost", host.lower().removesuffix(".")})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        why = self._objection(scope) if scope["type"] == "http" else None
        if why and not await asyncio.to_thread(self._is_locked):  # last, since it reads the store
            await _refuse(why, scope, send)
        else:
            await self._application(scope, receive, send)

    def _objection(self, scope: Scope) -> str | None:
        """Returns the reason to refuse an unsigned request; None if it may pass."""
        hosts, origins, fetch = [], [], {}
        for name, value in scope["headers"]:
            if name == b"host":
                hosts.append(value.decode("latin-1"))
            elif name == b"origin":
                origins.append(value.decode("latin-1"))
            elif name.startswith(b"sec-fetch-"):
                fetch[name.removeprefix(b"sec-fetch-")] = value
        if len(hosts) > 1 or not all(map(self._is_here, hosts)) or not (hosts or scope["http_version"] == "1.0"):
            return ELSEWHERE  # browsers always send Host; health checks in HTTP/1.0 may not
        if scope["method"] == "OPTIONS":
            return None  # a preflight request, which is answered alike for every site
        if not all(map(self._is_from_here, origins)):
            return ANOTHER_SITE
        if origins or fetch.get(b"site") != b"cross-site":
            return None
        is_link = (fetch.get(b"mode"), fetch.get(b"dest")) == (b"navigate", b"document")
        return None if is_link and scope["method"] in ("GET", "HEAD") else ANOTHER_SITE

    def _is_here(self, authority: str) -> bool:
        """Returns whether a host, with or without a port, names this machine alone."""
        match = _AUTHORITY.fullmatch(authority.lower())
        return match is not None and (match["name"].removesuffix(".") in self._names or is_loopback(match["name"]))

    def _is_from_here(self, origin: str) -> bool:
        match = _ORIGIN.fullmatch(origin.lower())
        return match is not None and self._is_here(match["authority"])


def is_loopback(name: str) -> bool:
    """Returns whether a lower-case host is a loopback address, in any spelling that resolvers accept.

    An IPv4 address may have fewer than four parts, octal or hexadecimal ones (127.1, 0x7f000001), and a final dot; an
    IPv6 address stands in brackets, and may be a mapped one of IPv4 (::ffff:127.0.0.1).
    """
    try:
        if name.startswith("["):
            six = ipaddress.IPv6Address(name[1:-1])
            return six.is_loopback or (six.ipv4_mapped is not None and six.ipv4_mapped.is_loopback)
        parts = name.removesuffix(".")
        return _PARTS.fullmatch(parts) is not None and ipaddress.IPv4Address(socket.inet_aton(parts)).is_loopback
    except (OSError, ValueError):
        return False


async def _refuse(why: str, scope: Scope, send: Send) -> None:
    """Answers an API call in AWS JSON, which the page may read, and others in plain text."""
    log.info("refused", extra={"facts": {"why": "host" if why is ELSEWHERE else "origin"}})
    if scope["method"] == "POST":
        answer, is_shared = refusal(AccessDeniedError(why), is_json=True), why is ANOTHER_SITE
    else:
        answer, is_shared = Answer(403, f"{why}\n".encode(), "text/plain; charset=utf-8"), False
    await respond(answer, {"origin": ""} if is_shared else {}, scope.get("request_id") or str(uuid.uuid4()), send)
