"""Answers the pages beside the API: `/healthz`, `/readyz` and `/metrics`."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import asdict

import msgspec

from mien.system.worker import nobody
from mien.watch.concerns import Concerns
from mien.watch.metrics import CONTENT_TYPE, Metrics
from mien.watch.readiness import Readiness
from mien.wire.answer import Answer, Headers

Page = Callable[[Headers], Awaitable[Answer]]
Ask = Callable[[str], Awaitable[list[str]]]  # puts a question to the other workers (`system/worker.py`)

_TEXT = "text/plain; charset=utf-8"


async def alive(_: Headers) -> Answer:
    """Answers 200 as long as the event loop runs."""
    return Answer(200, b"ok\n", _TEXT)


class ReadinessPage:
    """The page `/readyz`.

    Args:
        readiness: of this worker.
        ask: asks the other workers.
        concerns: what should be looked at although answers are right.
    """

    def __init__(self, readiness: Readiness, ask: Ask = nobody, concerns: Concerns | None = None) -> None:
        self._readiness = readiness
        self._ask = ask
        self._concerns = concerns or Concerns({})

    async def page(self, _: Headers) -> Answer:
        """Answers 200, with what should be looked at, or 503 with the reason not to be ready."""
        own, others = await asyncio.gather(self._readiness.reason(), self._ask("ready"))
        reason = own or next(filter(None, others), "")
        body: dict[str, object] = {"ready": False, "reason": reason} if reason else {"ready": True}
        if degraded := await asyncio.to_thread(self._concerns.now):
            body["degraded"] = [asdict(concern) for concern in degraded]
        return Answer(503 if reason else 200, msgspec.json.encode(body), "application/json")


class MetricsPage:
    """The page `/metrics`, open or protected by a bearer token.

    Args:
        metrics: the registry.
        token: required of a reader, who then also sees metrics that name collections and accounts; empty for none.
        is_open: whether the page is readable as long as no token is set.
        ask: asks the other workers to write down what the page adds up.
    """

    def __init__(self, metrics: Metrics, token: str, is_open: bool, ask: Ask = nobody) -> None:
        self._metrics = metrics
        self._ask = ask
        self._token = token
        self._is_open = is_open

    async def page(self, headers: Headers) -> Answer:
        """Answers 200; 401 without the token, or 403 if one must be set first."""
        if not self._token and not self._is_open:
            return Answer(403, b"Set metrics_token, and send it as a bearer token.\n", _TEXT)
        sent = headers.get("authorization", "")
        if self._token and not hmac.compare_digest(sent.encode(), f"Bearer {self._token}".encode()):
            return Answer(401, b"", None, (("www-authenticate", "Bearer"),))
        await self._ask("metrics")
        return Answer(200, await asyncio.to_thread(self._metrics.text, named=bool(self._token)), CONTENT_TYPE)
