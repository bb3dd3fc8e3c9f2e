"""Messages over the pipes to a process that works for this one: eight bytes of length, then as many."""

from typing import IO


def read(stream: IO[bytes]) -> bytes | None:
    """Reads a message; returns None at the end of the stream, also in the middle of a message."""
    size = int.from_bytes(stream.read(8), "little")
    message = stream.read(size)
    return message if size and len(message) == size else None


def write(stream: IO[bytes], message: bytes) -> None:
    """Writes a message."""
    stream.write(len(message).to_bytes(8, "little") + message)
    stream.flush()
