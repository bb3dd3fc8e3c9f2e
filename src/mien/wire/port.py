"""Binds the listening socket, and says how many connections a process may hold; loads nothing else of HTTP."""

import resource
import socket

from mien.config import address
from mien.errors import SetupError

BACKLOG = 2048  # connections that may wait to be accepted
RESERVED_FILES = 128  # descriptors for the store, the listening socket, model files and the libraries


def bind(host: str, port: int) -> socket.socket:
    """Returns a socket bound to an address.

    Raises:
        SetupError: the address is taken, not permitted, or none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, UnicodeError) as error:  # UnicodeError: the name cannot be encoded for DNS
        listening.close()
        why = getattr(error, "strerror", None) or "it is no name of a host"
        raise SetupError(f"mien cannot listen on {address(host, port)}: {why}.") from None
    return listening


def connection_limit(wanted: int) -> int:
    """Returns how many connections the process may hold open, at most `wanted`, given its limit of open files.

    The soft limit, which is low for the sake of programs that use `select`, is raised as far as needed and permitted.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    files = wanted + RESERVED_FILES if hard == resource.RLIM_INFINITY else min(wanted + RESERVED_FILES, hard)
    if files > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(1, min(wanted, max(files, soft) - RESERVED_FILES))
