"""Joins the two networks of MediaPipe's `face_landmarker.task`, a zip file, into one: mesh, then blendshapes.

The blendshape network takes 146 of the mesh's 478 points. It normalises them itself, so that it answers the same for
points in pixels of a crop as for points in pixels of a picture.
"""

import tempfile
import zipfile
from pathlib import Path

import numpy as np

from mien.engine.models import read_model
from mien.engine.quiet import ov
from mien.face.attributes.mesh import DEPTHS, SEEN
from mien.packs.readers.channels_last import turned

MESH, BLENDSHAPES = "face_landmarks_detector.tflite", "face_blendshapes.tflite"
MOST_BYTES = 1 << 24  # of an unpacked network; the larger has 2.6 MB
POINTS = 478
op = ov.opset15
# the mesh's points that the blendshape network takes, in its order (MediaPipe's face_blendshapes_graph.cc)
# fmt: off
TAKEN = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80,
    81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153,
    154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251,
    263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318,
    321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386,
    387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
)
# fmt: on


def read(file: Path) -> ov.Model:
    """Builds one network of both, for one face (input NCHW).

    Outputs: `points` (1, 478, 3), x right and y down in pixels of the crop, z in the same unit, smaller towards the
    camera; `presence` (1, 1), the logit of a face being there; `blendshapes` (1, 52), 0–1; and for each of
    DEPTHS what that layer holds at the points SEEN, (1, points, channels).

    Raises:
        ValueError: the file is not such a zip file.
    """
    mesh, blendshapes = _unpacked(file)
    inner = _inner(mesh)
    entry, (shown, presence, *_) = turned(mesh)
    points = op.reshape(shown, op.constant(np.array([1, POINTS, 3])), False)
    plane = op.strided_slice(
        op.gather(points, op.constant(np.array(TAKEN)), op.constant(1)),
        op.constant(np.array([0, 0, 0])), op.constant(np.array([1, len(TAKEN), 2])), op.constant(np.array([1, 1, 1])),
        [0, 0, 0], [0, 0, 0],
    )  # fmt: skip
    (taking,) = blendshapes.get_parameters()
    taking.output(0).replace(plane.output(0))
    shapes = op.reshape(blendshapes.outputs[0].get_node().input_value(0), op.constant(np.array([1, -1])), False)
    logit = op.reshape(presence, op.constant(np.array([1, 1])), False)
    seen = {name: _sampled(each, points, entry.shape[2]) for name, each in zip(DEPTHS, inner, strict=True)}
    named = {"points": points, "presence": logit, "blendshapes": shapes} | seen
    for name, node in named.items():
        node.output(0).get_tensor().set_names({name})
    return ov.Model([op.result(node) for node in named.values()], [entry], "face-landmarker")


def _inner(mesh: ov.Model) -> list[ov.Output]:
    """Returns what the network computes at a quarter, an eighth and a sixteenth of its input's side, the last layers.

    Raises:
        ValueError: it is not built as the publisher's is.
    """
    pools = {layer.get_output_partial_shape(0)[2].get_length(): layer for layer in mesh.get_ops() if _is_pool(layer)}
    try:
        return [pools[side // 2].input_value(0) for side in (64, 32, 16)]
    except KeyError:
        raise ValueError(f"{MESH} has other layers than the publisher's") from None


def _is_pool(layer: ov.Node) -> bool:
    return str(layer.get_type_name()) == "MaxPool"


def _sampled(layer: ov.Output, points: ov.Node, side: int) -> ov.Node:
    """Interpolates a layer (1, channels, cells, cells) at the points SEEN, and returns (1, points, channels).

    A point is a region without extent. ROIAlign reads a layer in the order in which convolutions leave it; GridSample
    needs it channel by channel, and to bring the layers into that order takes a quarter of the network's time.
    """
    chosen = op.gather(points, op.constant(np.array(SEEN)), op.constant(1))
    shares = op.clamp(op.gather(chosen, op.constant(np.array([0, 1])), op.constant(2)), 0.0, float(side))
    plane = op.reshape(shares, op.constant(np.array([-1, 2])), False)
    whose, scale = op.constant(np.zeros(len(SEEN), np.int32)), layer.get_shape()[2] / side
    found = op.roi_align(layer, op.concat([plane, plane], 1), whose, 1, 1, 1, scale, "avg", "half_pixel_for_nn")
    return op.reshape(found, op.constant(np.array([1, len(SEEN), -1])), False)


def _unpacked(file: Path) -> list[ov.Model]:
    """Returns both networks; the engine reads this format from a file only, so they are unpacked beside each other."""
    try:
        with zipfile.ZipFile(file) as packed, tempfile.TemporaryDirectory(prefix="mien-") as folder:
            models = []
            for name in (MESH, BLENDSHAPES):
                if packed.getinfo(name).file_size > MOST_BYTES:
                    raise ValueError(f"{name} in {file.name} is too large")
                models.append(read_model(Path(packed.extract(name, folder))))
            return models
    except (KeyError, zipfile.BadZipFile) as error:
        raise ValueError(f"{file.name} is not a face landmarker ({error})") from None
