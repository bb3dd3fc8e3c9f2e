"""OpenVINO without the part of it that reports its use. Everything of mien has `ov` from here.

`import openvino` also imports its model converter, and that tells Google Analytics of every import, with a number made
for the user and kept in ~/intel. It does so unasked, from a forked copy of the process. mien converts no models. Where
the converter cannot be imported, OpenVINO does without it; that is what it finds here. Afterwards whoever wants it can
import it.
"""

import sys

__all__ = ["ov"]

_CONVERTER = "openvino.tools.ovc"

if _CONVERTER in sys.modules:  # somebody imported OpenVINO before
    import openvino as ov
else:
    sys.modules[_CONVERTER] = None  # type: ignore[assignment]  # the import system's own way of saying: not to be had
    try:
        import openvino as ov
    finally:
        del sys.modules[_CONVERTER]
