"""Compiles a large network so that its weights lie in a mapped file, and in memory only as the kernels read them.

OpenVINO keeps every weight twice: as the network has it, in f32, and in the layout and precision of its kernels. The
first copy is read while a network is compiled, and not afterwards. Here it is exported to a file without a name, from
whose pages the network is compiled again. Then the pages are given back: one that is read again comes from the file.
"""

import mmap
import tempfile
from typing import Any

import numpy as np

from mien.engine.quiet import ov

WORTH = 8 << 20  # bytes of weights from which a file is worth the second compilation


def weights(model: ov.Model) -> int:
    """Returns the bytes of a network's weights."""
    return sum(layer.get_byte_size() for layer in model.get_ops() if layer.get_type_name() == "Constant")


def compile_mapped(core: ov.Core, model: ov.Model, options: dict[str, object]) -> tuple[ov.CompiledModel, Any]:
    """Compiles a network for the CPU.

    Args:
        core: OpenVINO.
        model: the network.
        options: OpenVINO's, for the compiled network.

    Returns:
        the compiled network, and what must live as long as it does.
    """
    if weights(model) < WORTH:
        return core.compile_model(model, "CPU", options), None
    once = options | {"NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT_NUM_REQUESTS": 1}
    exported = core.compile_model(model, "CPU", once).export_model()
    try:
        with tempfile.TemporaryFile() as file:
            file.write(exported.getbuffer())
            file.flush()
            pages = mmap.mmap(file.fileno(), 0)
    except OSError:  # no directory for temporary files, or no room: memory it is
        return core.compile_model(model, "CPU", options), None
    blob = ov.Tensor(np.frombuffer(pages, np.uint8), shared_memory=True)
    compiled = core.import_model(blob, "CPU", options)
    if hasattr(mmap, "MADV_DONTNEED"):
        pages.madvise(mmap.MADV_DONTNEED)
    return compiled, (blob, pages)
