"""The pages beside the API: `/healthz`, `/readyz` and `/metrics`."""

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
    """Answers 200 while the process runs its event loop."""
    return Answer(200, b"ok\n", _TEXT)


class ReadinessPage:
    """`/readyz`: 200, or 503 with the reason."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    async def page(self, _: Headers) -> Answer:
        """Answers 200, or 503 with the reason."""
        reason = await self._readiness.reason()
        body = {"ready": False, "reason": reason} if reason else {"ready": True}
        return Answer(503 if reason else 200, msgspec.json.encode(body), "application/json")


class MetricsPage:
    """`/metrics`, for whom it is meant.

    Args:
        metrics: what is shown.
        token: what a reader must bring, who then sees collections and accounts named; empty for nobody or everybody.
        everybody: whether it is open to everybody while there is no token.
    """

    def __init__(self, metrics: Metrics, token: str, everybody: bool) -> None:
        self._metrics = metrics
        self._token = token
        self._everybody = everybody

    async def page(self, headers: Headers) -> Answer:
        """Answer 200, 401 without the token, or 403 where one must be set first."""
        if not self._token and not self._everybody:
            return Answer(403, b"Set metrics_token, and send it as a bearer token.\n", _TEXT)
        brought = headers.get("authorization", "")
        if self._token and not hmac.compare_digest(brought.encode(), f"Bearer {self._token}".encode()):
            return Answer(401, b"", None, (("www-authenticate", "Bearer"),))
        return Answer(200, await asyncio.to_thread(self._metrics.text, named=bool(self._token)), CONTENT_TYPE)
