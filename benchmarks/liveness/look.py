"""Looks at the frames of a film: the detector, the mesh, the embedders and the networks that tell a living face."""

import os
from collections.abc import Iterable

import numpy as np

from mien import app, config
from mien.face.attributes.evidence import LEAST_PRESENCE
from mien.face.attributes.mesh import Mesh, run_mesh
from mien.face.types import Closeup, Pixels
from mien.liveness.seen import Seen
from mien.liveness.skin import colours
from mien.liveness.stripes import stripes
from mien.packs import attribute_networks, network_set
from mien.packs.analyst import SET
from mien.packs.deferred import deferred
from mien.packs.living_networks import LivingNetworks
from mien.video.still import Still

EMBEDDED_MS = 500  # distance of the frames that are embedded, and that the networks look at


class Looker:
    """The networks, opened once."""

    def __init__(self) -> None:
        settings = config.load({"threads": 1}, os.environ)
        self.pack = app.open_pack_unchecked(settings)
        self.pipeline = self.pack.pipeline
        sessions = deferred(network_set.catalogue()[SET], settings, self.pipeline.cores)
        self._networks = attribute_networks.networks(sessions, lambda _, session: session)
        self._living = LivingNetworks(settings, self.pipeline.cores).open()

    def mesh(self, closeup: Closeup) -> Mesh | None:
        with self.pipeline.cores.at_work():
            found = run_mesh(self._networks.mesh, closeup)
        return found if found.presence >= LEAST_PRESENCE else None

    def film(self, frames: Iterable[tuple[int, Pixels]]) -> list[Seen]:
        """Returns what frames show: their times in ms, and uint8 BGR (H, W, 3)."""
        seen, due = [], 0
        for at, pixels in frames:
            seen.append(self.frame(at, pixels, at >= due))
            due = at + EMBEDDED_MS if at >= due else due
        return seen

    def frame(self, at: int, pixels: Pixels, closely: bool) -> Seen:
        faces = self.pipeline.find(Still(pixels), embedded=closely, closeups=True)
        faces = [face for face in faces if face.box.height > 0.3 * faces[0].box.height]
        if not faces:
            return Seen(at)
        face = faces[0]
        box = (face.box.x1, face.box.y1, face.box.x2, face.box.y2)
        mesh = self.mesh(face.closeup) if face.closeup else None
        points = None
        if mesh is not None and face.closeup is not None:
            scale = float(np.hypot(*face.closeup.placing[:, 0]))
            points = np.column_stack([mesh.placed, mesh.points[:, 2] * scale])
        return Seen(
            at,
            len(faces),
            box,
            face.detection.landmarks,
            self.pipeline.embed([face])[0] if closely else None,
            points,
            mesh.blendshapes if mesh is not None else None,
            colours(pixels, points, box),
            self._living.probabilities(pixels, box) if closely else None,
            stripes(pixels, box) if closely else None,
        )
