"""Makes names of people into names of folders that every system takes, Windows and memory cards included."""

import hashlib
import re
import unicodedata

MOST_BYTES = 120  # of a name in UTF-8; systems allow 143 to 255, and paths on Windows 260 characters in all
_FORBIDDEN = re.compile('[<>:"/\\\\|?*\x00-\x1f\x7f\ud800-\udfff]')  # on Windows, exFAT and SMB
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?=\.|$)", re.IGNORECASE)


def file_name(name: str, ending: str = "") -> str:
    """Returns a name that a file or folder can have, as like the given one as possible.

    Args:
        name: any text.
        ending: what the name ends in and is kept, as " (2).jpg".
    """
    text = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name)).strip()
    if _RESERVED.match(text + ending):
        text = f"_{text}"
    if text.startswith("."):  # it would be hidden
        text = f"_{text[1:]}" if text.strip(".") else ""
    most = MOST_BYTES - len(ending.encode())
    if len(text.encode()) > most:
        digest = f"~{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
        text = text.encode()[: most - len(digest)].decode("utf-8", "ignore").rstrip() + digest
    return ((text if ending else text.rstrip(". ")) or "_") + ending


def numbered(name: str, number: int, ending: str = "") -> str:
    """Returns the name for the number-th thing of one name: "Anna", "Anna (2)", "Anna (3)"."""
    return file_name(name, f" ({number}){ending}" if number > 1 else ending)


def key(path: str) -> str:
    """Returns what two paths have in common if a system may take them for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
