"""Looks at the frames of a film: the detector, the mesh, the embedders and the networks that tell a living face."""

import os
from collections.abc import Iterable

from mien import app, config
from mien.face.attributes.mesh import Mesh, run_mesh
from mien.face.types import Face
from mien.liveness.seen import Seen
from mien.operations.liveness.liveness_film import Looking
from mien.packs import attribute_networks, network_set
from mien.packs.analyst import SET
from mien.packs.deferred import deferred
from mien.packs.living_networks import LivingNetworks
from mien.video.film import Frame


class Looker:
    """The networks, opened once."""

    def __init__(self) -> None:
        settings = config.load({"threads": 1}, os.environ)
        self.pack = app.open_pack_unchecked(settings)
        self.pipeline = self.pack.pipeline
        sessions = deferred(network_set.catalogue()[SET], settings, self.pipeline.cores)
        self._networks = attribute_networks.networks(sessions, lambda _, session: session)
        self._living = LivingNetworks(settings, self.pipeline.cores).open()

    def mesh(self, face: Face) -> Mesh | None:
        if face.closeup is None:
            return None
        with self.pipeline.cores.at_work():
            return run_mesh(self._networks.mesh, face.closeup)

    def film(self, frames: Iterable[Frame]) -> list[Seen]:
        """Returns what frames show, as a session of a server looks at them."""
        return Looking(self.pipeline, self.mesh, self._living).all(frames)
