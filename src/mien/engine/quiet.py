"""Imports OpenVINO without its telemetry, as `ov`, for every module of mien that uses it.

`import openvino` also imports its model converter, which reports every import to Google Analytics, under an identifier
that it creates for the user in ~/intel. It does so unasked, from a forked copy of the process. mien converts no models,
and OpenVINO runs without the converter if it cannot be imported; so its import is made to fail here. Afterwards other
code can import it as usual.
"""

import sys
from typing import Any

__all__ = ["ov", "passes"]

_CONVERTER = "openvino.tools.ovc"

if _CONVERTER in sys.modules:  # OpenVINO was imported before
    import openvino as ov
else:
    sys.modules[_CONVERTER] = None  # type: ignore[assignment]  # makes the import system raise ImportError
    try:
        import openvino as ov
    finally:
        del sys.modules[_CONVERTER]


def passes() -> Any:
    """Imports OpenVINO's transformations of networks, which takes 13 ms that few processes need."""
    import openvino.passes  # noqa: PLC0415

    return openvino.passes
