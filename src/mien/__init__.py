"""mien: a self-hosted face recognition server that speaks the AWS Rekognition face API.

`from mien import Faces` gives the same recognition to a program without a server.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mien.library.faces import Faces

__all__ = ["Faces", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Loads the library when `Faces` is first used, so that `import mien` is fast."""
    if name == "Faces":
        return importlib.import_module("mien.library.faces").Faces
    raise AttributeError(f"module 'mien' has no attribute {name!r}")
