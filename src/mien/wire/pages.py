"""Answers the pages beside the API: `/healthz`, `/readyz` and `/metrics`."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable

import msgspec

from mien.watch.metrics import CONTENT_TYPE, Metrics
from mien.watch.readiness import Readiness
from mien.wire.answer import Answer, Headers

Page = Callable[[Headers], Awaitable[Answer]]

_TEXT = "text/plain; charset=utf-8"


async def alive(_: Headers) -> Answer:
    """Answers 200 as long as the event loop runs."""
    return Answer(200, b"ok\n", _TEXT)


class ReadinessPage:
    """The page `/readyz`."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    async def page(self, _: Headers) -> Answer:
        """Answers 200, or 503 with the reason not to be ready."""
        reason = await self._readiness.reason()
        body = {"ready": False, "reason": reason} if reason else {"ready": True}
        return Answer(503 if reason else 200, msgspec.json.encode(body), "application/json")


class MetricsPage:
    """The page `/metrics`, open or protected by a bearer token.

    Args:
        metrics: the registry.
        token: required of a reader, who then also sees metrics that name collections and accounts; empty for none.
        is_open: whether the page is readable as long as no token is set.
    """

    def __init__(self, metrics: Metrics, token: str, is_open: bool) -> None:
        self._metrics = metrics
        self._token = token
        self._is_open = is_open

    async def page(self, headers: Headers) -> Answer:
        """Answers 200; 401 without the token, or 403 if one must be set first."""
        if not self._token and not self._is_open:
            return Answer(403, b"Set metrics_token, and send it as a bearer token.\n", _TEXT)
        sent = headers.get("authorization", "")
        if self._token and not hmac.compare_digest(sent.encode(), f"Bearer {self._token}".encode()):
            return Answer(401, b"", None, (("www-authenticate", "Bearer"),))
        return Answer(200, await asyncio.to_thread(self._metrics.text, named=bool(self._token)), CONTENT_TYPE)
