"""The two loops of a sketched search: compiled where Numba is installed (`mien[galleries]`), else NumPy's.

Both take the same arrays and find the same faces; a gallery of millions of faces needs the compiled ones to be fast
(`benchmarks/README.md`, "A fresh environment").
"""

from collections.abc import Callable
from importlib.util import find_spec

from mien.gallery import plain
from mien.gallery.candidates import BLOCK, MASK, PLACE, SCRATCH

__all__ = ["BLOCK", "COMPILED", "MASK", "PLACE", "SCRATCH", "cosines", "scan"]
COMPILED = find_spec("numba") is not None
scan: Callable[..., None] = plain.scan
cosines: Callable[..., None] = plain.cosines
if COMPILED:
    from mien.gallery import compiled

    scan, cosines = compiled.scan, compiled.cosines
