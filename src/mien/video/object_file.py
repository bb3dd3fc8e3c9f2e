"""An S3 object as a file that is read by ranges, so that a film of many gigabytes needs a few blocks of memory."""

import io
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from mien.errors import FilmError, InvalidS3ObjectError
from mien.image.source import ObjectChangedError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 4 << 20  # bytes of a range: few requests for a film read from its beginning to its end
HELD = 4  # blocks: a film is read at two or three places in turn, such as pictures, sound and the index
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)  # seconds before a range is asked for again: S3 may restart
CHANGED = "The film was changed or deleted in its bucket while it was read. Start the job again."
UNREADABLE = "The film cannot be read from its bucket any more. Check that the object and its bucket are there."


class ObjectFile(io.RawIOBase):
    """An object opened for reading.

    Args:
        fetch: returns bytes from a position, so many; it raises as `S3.part`.
        size: bytes of the object.
        pause: waits some seconds.

    Attributes:
        fault: why it could not be read, if it could not; a decoder may hide what its file raises.
    """

    def __init__(
        self, fetch: Callable[[int, int], bytes], size: int, pause: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__()
        self._fetch, self._size, self._pause = fetch, size, pause
        self._at = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self.fault: FilmError | None = None

    def readable(self) -> bool:
        """Returns True."""
        return True

    def seekable(self) -> bool:
        """Returns True."""
        return True

    def tell(self) -> int:
        """Returns the position of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves to a position, and returns it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Reads into a buffer what one block has of it, and returns how many bytes; none at the end.

        Raises:
            FilmError: the object has changed, or cannot be read.
        """
        place = memoryview(buffer).cast("B")
        left = min(len(place), self._size - self._at)
        if left <= 0:
            return 0
        number, begin = divmod(self._at, BLOCK)
        found = memoryview(self._block(number))[begin : begin + left]
        place[: len(found)] = found
        self._at += len(found)
        return len(found)

    def _block(self, number: int) -> bytes:
        if number in self._blocks:
            self._blocks.move_to_end(number)
            return self._blocks[number]
        first = number * BLOCK
        while len(self._blocks) >= HELD:
            self._blocks.popitem(last=False)
        self._blocks[number] = data = self._fetched(first, min(BLOCK, self._size - first))
        return data

    def _fetched(self, first: int, size: int) -> bytes:
        for pause in (*PAUSES, None):
            try:
                return self._fetch(first, size)
            except ObjectChangedError:
                self.fault = FilmError(CHANGED)
                break
            except InvalidS3ObjectError:
                if pause is None:
                    self.fault = FilmError(UNREADABLE)
                    break
                self._pause(pause)
        raise self.fault or FilmError(UNREADABLE)
