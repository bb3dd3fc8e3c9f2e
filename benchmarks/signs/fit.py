"""Fits the weights of the signs (`face.attributes.signs`) on generated faces, and on drawings over them.

Run: python benchmarks/signs/fit.py FOLDER [--out FILE] [--kept FILE] [--seed N]

FOLDER holds the generated faces that `labels.csv` beside this file names. Glasses, masks, hands and shut lids are drawn
onto each of them (`draw.py`), so that no photograph of a person is needed. FILE is written as the attribute set's
`signs.npz`; what the networks saw is kept in the other file, from which the next fit starts.
"""

import argparse
import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import draw
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from mien import app, config
from mien.engine.cores import Cores
from mien.face.attributes.mesh import DEPTHS, Mesh, run_mesh
from mien.face.attributes.signs import LOOKS, Look
from mien.face.types import Portrait
from mien.image.decode import read_header
from mien.packs import deferred, network_set

LABELS = Path(__file__).parent / "labels.csv"
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """What the networks saw: for each picture its face in `labels.csv`, what was drawn, and the layers."""

    face: NDArray[np.int64]
    drawn: NDArray[np.str_]
    layers: dict[str, NDArray[np.float16]]

    def rows(self, look: Look, chosen: NDArray[np.int64]) -> Array:
        parts = [self.layers[layer][chosen][:, look.points].reshape(len(chosen), -1) for layer in look.layers]
        return np.concatenate(parts, axis=1).astype(np.float32)


def pictures(folder: Path, faces: list[dict[str, str]], seed: int) -> Iterator[tuple[int, str, Mesh]]:
    """Yields each face and the drawings over it, with their meshes."""
    settings, random = config.load({"threads": 1, "pack": "retail"}, os.environ), np.random.default_rng(seed)
    pipeline = app.open_pack(settings).pipeline
    session = deferred.deferred(network_set.catalogue()["attributes"], settings, Cores(1))["mesh"]
    for number, labels in enumerate(faces):
        found = pipeline.find(read_header((folder / labels["file"]).read_bytes()), embedded=False, portraits=True)
        portrait = found[0].portrait if found else None
        if portrait is None:
            continue
        mesh = run_mesh(session, portrait)
        yield number, "plain", mesh
        points = mesh.points[:, :2].astype(np.float64)
        for name, (paint, count) in draw.DRAWINGS.items():
            for _ in range(count):
                pixels = draw.photographed(paint(portrait.pixels, points, random), random)
                yield number, name, run_mesh(session, Portrait(pixels, portrait.placing, portrait.eyes))


def see(folder: Path, faces: list[dict[str, str]], seed: int) -> Seen:
    face, drawn, layers = [], [], {depth: [] for depth in DEPTHS}
    for number, name, mesh in pictures(folder, faces, seed):
        face.append(number)
        drawn.append(name)
        for depth in DEPTHS:
            layers[depth].append(mesh.seen[depth].astype(np.float16))
    return Seen(np.array(face), np.array(drawn), {layer: np.array(rows) for layer, rows in layers.items()})


def target(sign: str, seen: Seen, faces: list[dict[str, str]]) -> NDArray[np.int64]:
    """Returns 1 where a picture shows the sign, 0 where it does not, -1 where it is left out."""
    known = {
        name: np.array([int(each[name] or -1) for each in faces])[seen.face] for name in faces[0] if name != "file"
    }
    bare, drawn = known["sunglasses"] == 0, seen.drawn
    answer = np.full(len(drawn), -1)

    def take(of: NDArray[np.bool_], values: NDArray[np.int64] | int) -> None:
        answer[of] = values[of] if isinstance(values, np.ndarray) else values

    match sign:
        case "beard" | "mustache":
            take(np.isin(drawn, ("plain", "eyeglasses", "sunglasses", "shut")), known[sign])
        case "eyeglasses":
            take(bare & np.isin(drawn, ("plain", "mask", "mouth", "shut")), known["eyeglasses"])
            take(bare & (drawn == "eyeglasses"), 1)
        case "sunglasses":
            take(~np.isin(drawn, ("sunglasses", "eyes")), known["sunglasses"])
            take(drawn == "sunglasses", 1)
        case "eyes_shut":
            take(bare & np.isin(drawn, ("plain", "mask", "mouth", "eyeglasses")), known["eyes_shut"])
            take(bare & (drawn == "shut"), 1)
        case "mouth_hidden":
            take(known["mask"] == 0, 0)
            take(np.isin(drawn, ("mask", "mouth")), 1)
        case "eyes_hidden":
            take(bare & (drawn != "sunglasses"), 0)
            take(bare & (drawn == "eyes"), 1)
    return answer


def weights(rows: Array, shows: NDArray[np.int64], drawn: NDArray[np.bool_], ridge: float = 0.03) -> Array:
    """Fits a logistic regression; what was not drawn counts three times, and both answers count more alike."""
    spread = rows.std(axis=0)
    scale = (spread + 0.05 * spread.mean()) * np.sqrt(rows.shape[1] / 300)
    middle = rows.mean(axis=0)
    inputs = np.column_stack([(rows - middle) / scale, np.ones(len(rows), np.float32)])
    sign = 2.0 * shows - 1
    weight = np.where(drawn, 1.0, 3.0)
    weight[shows == 1] *= 0.5 * weight[shows == 0].sum() / weight[shows == 1].sum() + 0.5
    weight /= weight.mean()
    free = np.append(np.ones(rows.shape[1]), 0.0)  # the bias is not held small

    def loss(factors: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (inputs @ factors)
        slope = inputs.T @ (weight * sign / (1 + np.exp(np.clip(margin, -50, 50))))
        held = ridge * len(rows) * free * factors
        return float((weight * np.logaddexp(0, -margin)).sum() + held @ factors / 2), held - slope

    *factors, bias = minimize(loss, np.zeros(inputs.shape[1]), jac=True, method="L-BFGS-B").x
    plain = np.array(factors) / scale
    return np.append(plain, bias - middle @ plain).astype(np.float32)


def kept(file: Path | None, folder: Path, faces: list[dict[str, str]], seed: int) -> Seen:
    if file and file.exists():
        found = np.load(file)
        return Seen(found["face"], found["drawn"], {depth: found[depth] for depth in DEPTHS})
    seen = see(folder, faces, seed)
    if file:
        np.savez(file, face=seen.face, drawn=seen.drawn, **seen.layers)
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("signs.npz"))
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    faces = list(csv.DictReader(LABELS.open()))
    seen = kept(args.kept, args.folder, faces, args.seed)
    found = {}
    for name, look in LOOKS.items():
        shows = target(name, seen, faces)
        chosen = np.flatnonzero(shows >= 0)
        found[name] = weights(seen.rows(look, chosen), shows[chosen], seen.drawn[chosen] != "plain")
        print(f"{name:14} {len(chosen):6} pictures, {int((shows == 1).sum()):5} show it, {len(found[name])} weights")
    np.savez_compressed(args.out, **found)


if __name__ == "__main__":
    main()
