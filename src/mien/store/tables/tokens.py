"""Idempotency tokens: a call that comes again with its token has its first answer again and no second effect.

A token is kept in the transaction of the effect it stands for, so neither is ever there without the other. An answer
that is kept names no face and no user (`answers`), so that erasing them leaves nothing here.
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
    """The answer this token had before; None when it is new or there is none.

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
    """Keep an answer under its token, and drop those that are too old."""
    if token is None:
        return
    now = time.time()
    cursor.run("DELETE FROM tokens WHERE created <= ?", now - KEPT)
    cursor.run(
        "INSERT INTO tokens (account, operation, token, parameters, answer, created) VALUES (?, ?, ?, ?, ?, ?)",
        token.account, token.operation, token.text, token.parameters, answer, now,
    )  # fmt: skip


def forget(cursor: Cursor, token: Token) -> None:
    """Forgets the answer of a token, so that the call it came with may be done and kept once more."""
    cursor.run(
        "DELETE FROM tokens WHERE account = ? AND operation = ? AND token = ?",
        token.account, token.operation, token.text,
    )  # fmt: skip
