"""The table of idempotency tokens: a repeated call gets its first answer and has no second effect.

A token is stored in the transaction of its effect, so neither exists without the other. A stored answer names no face
and no user (`answers`), so that erasing them leaves nothing here.
"""

import time
from dataclasses import dataclass

from mien.store.base import Cursor

KEPT = 24 * 3600.0  # seconds; reference 2.8


class TokenReusedError(Exception):
    """The token was used before, with other parameters."""


@dataclass(frozen=True, slots=True)
class Token:
    """A caller's token for one operation, with a digest of what the call asks for."""

    account: str
    operation: str
    text: str
    parameters: bytes


def answered(cursor: Cursor, token: Token | None) -> bytes | None:
    """Returns the answer stored under a token; None for a new token, or without one.

    Raises:
        TokenReusedError: it was used with other parameters.
    """
    if token is None:
        return None
    row = cursor.row(
        "SELECT parameters, answer FROM tokens WHERE account = ? AND operation = ? AND token = ? AND created > ?",
        token.account, token.operation, token.text, time.time() - KEPT,
    )  # fmt: skip
    if row is None:
        return None
    if row[0] != token.parameters:
        raise TokenReusedError
    return bytes(row[1])


def keep(cursor: Cursor, token: Token | None, answer: bytes) -> None:
    """Stores an answer under its token, and deletes expired ones."""
    if token is None:
        return
    now = time.time()
    cursor.run("DELETE FROM tokens WHERE created <= ?", now - KEPT)
    cursor.run(
        "INSERT INTO tokens (account, operation, token, parameters, answer, created) VALUES (?, ?, ?, ?, ?, ?)",
        token.account, token.operation, token.text, token.parameters, answer, now,
    )  # fmt: skip


def forget(cursor: Cursor, token: Token) -> None:
    """Deletes the answer of a token, so that its call may run and store one again."""
    cursor.run(
        "DELETE FROM tokens WHERE account = ? AND operation = ? AND token = ?",
        token.account, token.operation, token.text,
    )  # fmt: skip
