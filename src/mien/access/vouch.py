"""Who would be charged with a request, before its body is read: enough to share room by, and no proof of anything.

The access key that the Authorization header names has to exist for more room than anyone has. That is looked up on a
thread of its own and remembered for a while, so that nothing waits for the store on the event loop; a key that was
revoked meanwhile gets room for a body and is refused when its signature is checked.
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

LASTING = 10.0  # seconds that a finding is remembered
MOST = 4096  # findings that are remembered
_NAMED = re.compile(r"Credential=([^/,\s]{1,128})/")
T = TypeVar("T")


class Voucher:
    """Tells whose account a request goes on.

    Args:
        keys: the access keys.
        clock: tells seconds.
    """

    def __init__(self, keys: Keys, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._clock = clock
        self._known: OrderedDict[str, tuple[bool, float]] = OrderedDict()  # whether a key exists, and till when
        self._finding: dict[str, asyncio.Future[bool]] = {}
        self._noting = threading.Lock()
        self._open: tuple[bool, float] = (True, 0.0)  # whether there is no key at all, and till when that holds
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="vouch")

    def party(self, call: Call, address: str) -> str:
        """The key that a request names, if it is known by now to exist; else the address that it comes from."""
        named = _NAMED.search(call.headers.get("authorization", ""))
        access_key = named[1] if named else ""
        exists, until = self._known.get(access_key, (False, 0.0))
        return access_key if exists and self._clock() < until else address

    def confirm(self, access_key: str) -> None:
        """Remember that a signature of this key was verified."""
        self._note(access_key, exists=True)

    async def vouch(self, call: Call, address: str) -> str:
        """The key on whose account a large body goes; the address where there are no keys.

        Raises:
            FrameworkError: the request is not signed as it must be.
            UnrecognizedClientError: there is no such key, or it was revoked.
        """
        if await self._is_open():
            if not _is_loopback(address):
                raise MissingAuthenticationTokenError
            return address
        access_key = sigv4.read(call, datetime.now(UTC)).access_key
        if not await self._exists(access_key):
            raise UnrecognizedClientError
        return access_key

    async def _is_open(self) -> bool:
        is_open, until = self._open
        if is_open and self._clock() >= until:  # once there was a key, there was a key
            is_open = not await self._asked(self._keys.any)
            self._open = is_open, self._clock() + LASTING
        return is_open

    async def _exists(self, access_key: str) -> bool:
        exists, until = self._known.get(access_key, (False, 0.0))
        if self._clock() < until:
            return exists
        if access_key not in self._finding:  # or a crowd that names one key would be as many reads
            self._finding[access_key] = asyncio.ensure_future(self._find(access_key))
        return await asyncio.shield(self._finding[access_key])

    async def _find(self, access_key: str) -> bool:
        try:
            key = await self._asked(lambda: self._keys.find(access_key))
        finally:
            del self._finding[access_key]
        exists = key is not None and key.revoked is None
        self._note(access_key, exists=exists)
        return exists

    def _note(self, access_key: str, *, exists: bool) -> None:
        with self._noting:
            self._known[access_key] = exists, self._clock() + LASTING
            self._known.move_to_end(access_key)
            if len(self._known) > MOST:
                self._known.popitem(last=False)

    async def _asked(self, ask: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._asking, ask)


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback
