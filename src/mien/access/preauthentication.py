"""Names the party that a request is charged to before its body is read, so that limits are shared fairly.

Nothing is proved here. A large body is accepted only if the access key that its head names exists. The key is looked up
on a separate thread and cached for a while, so that the event loop never waits for the store; a key that was revoked
meanwhile may send a body and is refused when the signature is verified.
"""

import asyncio
import ipaddress
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

from mien.access import sigv4
from mien.access.claim import Call
from mien.errors import MissingAuthenticationTokenError, UnrecognizedClientError
from mien.store.tables.keys import Keys

TTL = 10.0  # seconds that a looked-up key stays cached
MOST_CACHED = 4096  # keys
_NAMED = re.compile(r"Credential=([^/,\s]{1,128})/")
T = TypeVar("T")


class Preauthenticator:
    """Names the party of a request: an access key that exists or, without one, the address it comes from.

    Args:
        keys: the access keys.
        clock: returns seconds.
    """

    def __init__(self, keys: Keys, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._clock = clock
        self._cache: OrderedDict[str, tuple[bool, float]] = OrderedDict()  # whether a key exists, valid until
        self._lookups: dict[str, asyncio.Future[bool]] = {}
        self._cache_lock = threading.Lock()
        self._keyless: tuple[bool, float] = (True, 0.0)  # whether no key was ever created, valid until
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="preauthentication")

    def party(self, call: Call, address: str) -> str:
        """Returns the key that a request names if it is cached as existing, and else the address it comes from."""
        named = _NAMED.search(call.headers.get("authorization", ""))
        access_key = named[1] if named else ""
        exists, until = self._cache.get(access_key, (False, 0.0))
        return access_key if exists and self._clock() < until else address

    def confirm(self, access_key: str) -> None:
        """Caches that the key exists, since a signature of it was verified."""
        self._store(access_key, exists=True)

    async def require_key(self, call: Call, address: str) -> str:
        """Returns the key that a large body is charged to; without keys, the loopback address it comes from.

        Raises:
            FrameworkError: the signature is missing or malformed.
            UnrecognizedClientError: the key does not exist, or was revoked.
        """
        if await self._is_keyless():
            if not _is_loopback(address):
                raise MissingAuthenticationTokenError
            return address
        access_key = sigv4.read(call, datetime.now(UTC)).access_key
        if not await self._exists(access_key):
            raise UnrecognizedClientError
        return access_key

    async def _is_keyless(self) -> bool:
        is_keyless, until = self._keyless
        if is_keyless and self._clock() >= until:  # keys are revoked and never deleted, so that the other answer stays
            is_keyless = not await self._on_thread(self._keys.any)
            self._keyless = is_keyless, self._clock() + TTL
        return is_keyless

    async def _exists(self, access_key: str) -> bool:
        exists, until = self._cache.get(access_key, (False, 0.0))
        if self._clock() < until:
            return exists
        if access_key not in self._lookups:  # many requests that name one key share one read
            self._lookups[access_key] = asyncio.ensure_future(self._look_up(access_key))
        return await asyncio.shield(self._lookups[access_key])

    async def _look_up(self, access_key: str) -> bool:
        try:
            key = await self._on_thread(lambda: self._keys.find(access_key))
        finally:
            del self._lookups[access_key]
        exists = key is not None and key.revoked is None
        self._store(access_key, exists=exists)
        return exists

    def _store(self, access_key: str, *, exists: bool) -> None:
        with self._cache_lock:
            self._cache[access_key] = exists, self._clock() + TTL
            self._cache.move_to_end(access_key)
            if len(self._cache) > MOST_CACHED:
                self._cache.popitem(last=False)

    async def _on_thread(self, read: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, read)


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback
