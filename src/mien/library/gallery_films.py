"""The films that a library's gallery is asked about: who is in them, and when."""

import os
from pathlib import Path

from mien import local
from mien.library.films import FilmPerson, people
from mien.library.gallery_groups import GalleryGroups
from mien.operations.shapes import THRESHOLD
from mien.video.film import SAMPLED_MS, open_film


class GalleryFilms(GalleryGroups):
    """What a gallery says about films."""

    _local: local.Local
    _collection: str

    def watch(
        self, film: str | os.PathLike[str], threshold: float = THRESHOLD, every_ms: int = SAMPLED_MS
    ) -> list[FilmPerson]:
        """Returns the people of a film, those seen longest first: when they are seen, and who they are.

        Args:
            film: the path of a film in any format that FFmpeg reads.
            threshold: the least similarity, 0–100, of a person's best-seen face to one of the gallery.
            every_ms: the stretch of time of which one picture is looked at.

        Raises:
            As `Faces.watch`.
        """
        opened = open_film(Path(film), "all")
        return people(
            self._local.context, self._local.caller, opened, every_ms, collection=self._collection, threshold=threshold
        )
