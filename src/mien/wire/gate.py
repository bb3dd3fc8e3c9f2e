"""In front of everything while there are no keys: browsers must not lend this machine to pages of other sites.

Loopback keeps other machines away, but a browser on this one fetches whatever a page tells it to. A page whose DNS name
was rebound to this machine calls it by that name, which `Host` shows. Any other page says where it comes from in
`Origin` or, where that is not sent, in `Sec-Fetch-Site`. From the first key on a signature is asked for instead.
"""

import asyncio
import ipaddress
import logging
import re
import socket
import uuid
from collections.abc import Callable

from mien.errors import AccessDeniedError
from mien.wire.answer import Answer, Receive, Scope, Send, refusal, respond
from mien.wire.console import Application

ELSEWHERE = (
    "Without access keys mien answers requests to localhost, to a loopback address or to what the setting host says, "
    "and this one is to another name. Use one of these, or make a key: mien keys create."
)
ANOTHER_SITE = "Pages of other sites are let in once there is an access key to sign with: mien keys create."

_AUTHORITY = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::[0-9]{0,5})?")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?P<authority>.*)", re.DOTALL)
_PARTS = re.compile(r"[0-9a-fx]+(?:\.[0-9a-fx]+){0,3}")  # `inet_aton` would let words stand behind an address

log = logging.getLogger("mien.request")


class Gate:
    """The ASGI application that lets requests through to another.

    Args:
        application: what is behind it.
        is_locked: whether requests must be signed; asks the store.
        host: the setting.
    """

    def __init__(self, application: Application, is_locked: Callable[[], bool], host: str) -> None:
        self._application = application
        self._is_locked = is_locked
        self._names = frozenset({"localhost", host.lower().removesuffix(".")})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        why = self._objection(scope) if scope["type"] == "http" else None
        if why and not await asyncio.to_thread(self._is_locked):  # asked last: few requests come so far
            await _refuse(why, scope, send)
        else:
            await self._application(scope, receive, send)

    def _objection(self, scope: Scope) -> str | None:
        """What speaks against a request as long as it need not be signed."""
        hosts, origins, facts = [], [], {}
        for name, value in scope["headers"]:
            if name == b"host":
                hosts.append(value.decode("latin-1"))
            elif name == b"origin":
                origins.append(value.decode("latin-1"))
            elif name.startswith(b"sec-fetch-"):
                facts[name.removeprefix(b"sec-fetch-")] = value
        if len(hosts) > 1 or not all(map(self._is_here, hosts)) or not (hosts or scope["http_version"] == "1.0"):
            return ELSEWHERE  # a browser always says whom it calls; health checks in HTTP/1.0 do not
        if scope["method"] == "OPTIONS":
            return None  # a browser asks beforehand, and is answered the same for every site
        if not all(map(self._is_from_here, origins)):
            return ANOTHER_SITE
        if origins or facts.get(b"site") != b"cross-site":
            return None
        followed = (facts.get(b"mode"), facts.get(b"dest")) == (b"navigate", b"document")
        return None if followed and scope["method"] in ("GET", "HEAD") else ANOTHER_SITE  # a link may lead here

    def _is_here(self, authority: str) -> bool:
        """Whether a name with or without a port is one that this machine alone has."""
        match = _AUTHORITY.fullmatch(authority.lower())
        return match is not None and (match["name"].removesuffix(".") in self._names or is_loopback(match["name"]))

    def _is_from_here(self, origin: str) -> bool:
        match = _ORIGIN.fullmatch(origin.lower())
        return match is not None and self._is_here(match["authority"])


def is_loopback(name: str) -> bool:
    """Whether a host, in lower case, is a loopback address in any of the spellings that resolvers take for one.

    An IPv4 address may have fewer than four parts and octal or hexadecimal ones (127.1, 0x7f000001), and end in a dot;
    an IPv6 address stands in brackets, and may hold one of IPv4 (::ffff:127.0.0.1).
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
    """Answer an API call as the API does, so that whoever wrote the page can read why; all else in plain text."""
    log.info("refused", extra={"facts": {"why": "host" if why is ELSEWHERE else "origin"}})
    if scope["method"] == "POST":
        answer, asked = refusal(AccessDeniedError(why), is_json=True), why is ANOTHER_SITE
    else:
        answer, asked = Answer(403, f"{why}\n".encode(), "text/plain; charset=utf-8"), False
    await respond(answer, {"origin": ""} if asked else {}, str(uuid.uuid4()), send)
