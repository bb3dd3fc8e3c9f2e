"""The library: `from mien import Faces` recognizes faces in a program without a server, with the same results."""

import os
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID

import cv2
import numpy as np
from numpy.typing import NDArray

from mien import app, config, local, naming
from mien.errors import InvalidParameterError, ResourceAlreadyExistsError, SetupError
from mien.face.types import Embedding, Face, Pixels
from mien.library.films import samples
from mien.library.gallery_films import GalleryFilms
from mien.library.matches import Found, LivingFace, Match
from mien.operations.context import Caller
from mien.operations.image_faces import find_faces
from mien.operations.kept_portraits import MOST_PORTRAITS
from mien.operations.liveness.living_bar import likelihoods
from mien.operations.shapes import SEARCH_LIMIT, THRESHOLD, Image
from mien.packs.analyst import allowed
from mien.store.tables.portraits import TAG
from mien.video.analysis import Sample
from mien.video.film import SAMPLED_MS, open_film

ImageLike = str | os.PathLike[str] | bytes | Pixels


class Faces:
    """An opened model pack. Safe to use from many threads; close it, or use it as a context.

    An image is the path of a photograph in any format that mien reads (`docs/formats.md`), the bytes of one, or its
    pixels: uint8 RGB (H, W, 3). Boxes and landmarks are pixels of the upright image.

    Args:
        pack: name of the model pack.
        packs: folder with model files; if empty, they are read from the cache or downloaded.
        settings: any other setting of mien by name, as `threads=1` or `engine="onnx"`; neither the environment nor
            `mien.toml` is read.

    Raises:
        SetupError: the pack is not available, does not load or fails its check, or a setting is unknown or invalid.
    """

    def __init__(self, pack: str = config.DEFAULT_PACK, packs: str | os.PathLike[str] = "", **settings: Any) -> None:
        unknown = settings.keys() - {row.name for row in config.TABLE}
        if unknown:
            raise SetupError(f"Unknown setting: {', '.join(sorted(unknown))}.")
        self._settings = config.load(settings | {"pack": pack, "packs": str(packs)}, {"MIEN_CONFIG": os.devnull})
        self._pack = app.open_pack(self._settings)
        self._local = local.scratch(self._settings, self._pack)

    def detect(self, image: ImageLike, attributes: str = "") -> list[Face]:
        """Finds up to 100 faces, the largest first.

        Args:
            image: the image.
            attributes: what to measure of each face besides: "all", or names separated by commas, as "smile,eyes_open".
                The answers are in the face's `features`, with the thirty landmarks and the pose of its mesh.

        Raises:
            SetupError: there is no attribute of such a name.
            InvalidImageFormatError, ImageTooLargeError, InvalidParameterError: mien does not accept the image.
            OSError: the file cannot be read.
        """
        names = allowed(attributes) if attributes else ()
        return find_faces(self._local.context, Caller(), Image(bytes=encoded(image)), attributes=names).faces

    def live(self, image: ImageLike) -> list[LivingFace]:
        """Tells how likely each face of an image, the largest first, is a living one.

        Raises:
            InvalidParameterError: the networks for it are not available.
            As `detect`.
        """
        context = self._local.context
        found = find_faces(context, Caller(), Image(bytes=encoded(image)), embedded=False)
        judged = zip(found.faces, likelihoods(context, found.data, found.faces), strict=True)
        return [LivingFace(face, each.confidence, each.reasons) for face, each in judged]

    def embed(self, image: ImageLike | Sequence[Face]) -> Embedding:
        """Embeds all faces of an image, or faces that `detect` returned, in their order.

        Returns:
            float32 (N, D), each row of length 1, or less if the pack has a crowd; the dot product of two is a score.

        Raises:
            As `detect`.
        """
        faces = list(image) if isinstance(image, list | tuple) else self.detect(image)  # type: ignore[arg-type]
        return self._pack.pipeline.embed(faces)

    def similarity(
        self, scores: NDArray[np.floating] | float, same: NDArray[np.floating] | float = 1.0
    ) -> NDArray[np.float64]:
        """Returns similarities, 0–100, of scores of this pack; one pair of strangers in 10,000 reaches 80.

        Args:
            scores: dot products of embeddings.
            same: the product of the two lengths, which is the score of a face with itself.
        """
        return self._pack.calibration.similarity(scores, same)

    def compare(self, one: ImageLike, other: ImageLike) -> list[Match]:
        """Compares the largest face of one image with every face of another; the most similar comes first.

        Raises:
            InvalidParameterError: one of the images shows no face.
            As `detect`.
        """
        source, targets = self.detect(one), self.detect(other)
        if not (source and targets):
            raise InvalidParameterError("There is no face in one of the images.")
        probe, *others = self._pack.pipeline.embed([source[0], *targets])
        vectors = np.stack(others)
        similarities = self.similarity(vectors @ probe, np.linalg.norm(vectors, axis=1) * np.linalg.norm(probe))
        found = [Match(float(np.float32(value)), face) for value, face in zip(similarities, targets, strict=True)]
        return sorted(found, key=lambda match: -match.similarity)

    def watch(self, film: str | os.PathLike[str], every_ms: int = SAMPLED_MS, attributes: str = "") -> Iterator[Sample]:
        """Yields the pictures of a film, by default two a second, with the faces of each and whose they are.

        Args:
            film: the path of a film in any format that FFmpeg reads.
            every_ms: the stretch of time of which one picture is looked at.
            attributes: as for `detect`.

        Raises:
            SetupError: PyAV is not installed (`pip install 'mien[video]'`), or there is no attribute of such a name.
            FilmError, OSError: the file is no film, or damaged, cut off or too large, or cannot be read.
        """
        return samples(self._local.context, open_film(Path(film), "all"), every_ms, attributes)

    def gallery(
        self, folder: str | os.PathLike[str] | None = None, collection: str = "faces", portraits: bool = False
    ) -> "Gallery":
        """Opens a gallery of faces to search.

        Args:
            folder: a data directory, as `mien serve --data` takes it, created if it is missing; None for a gallery that
                is deleted when it is closed.
            collection: name of the collection in it, created if it is missing.
            portraits: whether the collection keeps a small encrypted picture of each face.

        Raises:
            SetupError: the folder cannot be used, or a server or another gallery uses it, or the collection exists and
                keeps no portraits.
            InvalidParameterError: the collection was made with another pack.
        """
        if folder is None:
            return Gallery(local.scratch(self._settings, self._pack), collection, portraits)
        settings = config.load({"data": str(folder)}, {"MIEN_CONFIG": os.devnull})
        return Gallery(local.of_store(settings, self._pack, alone=True), collection, portraits)

    def close(self) -> None:
        """Closes everything but the galleries, which are closed one by one."""
        self._local.close()

    def __enter__(self) -> "Faces":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Gallery(GalleryFilms):
    """A collection of faces. Safe to use from many threads; close it, or use it as a context."""

    def __init__(self, operations: local.Local, collection: str, portraits: bool = False) -> None:
        self._local = operations
        self._collection = collection
        try:
            with suppress(ResourceAlreadyExistsError):
                self._call("CreateCollection", **({"Tags": {TAG: "true"}} if portraits else {}))
            found = operations.context.comparable(operations.caller, collection)
            if portraits and not found.portraits:
                raise SetupError(f"The collection {collection} exists and keeps no portraits; choose another name.")
        except BaseException:
            operations.close()
            raise

    def __len__(self) -> int:
        """Returns the number of faces."""
        return int(self._call("DescribeCollection")["FaceCount"])

    def add(self, image: ImageLike, name: str | None = None, most: int | None = None) -> list[UUID]:
        """Adds the faces of an image that pass the API's quality filter AUTO.

        Args:
            image: the image. An image that was added before under the same name is not added twice.
            name: a name for its faces, in any script.
            most: the most faces to add, the best ones.

        Returns:
            The faces' ids; empty if no face passes.

        Raises:
            InvalidParameterError: the name is empty, too long or has control characters.
            As `Faces.detect`.
        """
        written = naming.written(name, naming.MOST_IMAGE) if name is not None else None
        answer = self._call(
            "IndexFaces", Image={"Bytes": encoded(image)}, **_given(ExternalImageId=written, MaxFaces=most)
        )
        return [UUID(record["Face"]["FaceId"]) for record in answer["FaceRecords"]]

    def search(self, image: ImageLike, threshold: float = THRESHOLD, most: int = SEARCH_LIMIT) -> list[Found]:
        """Finds the faces that match the largest face of an image, the most similar first.

        Args:
            image: the image.
            threshold: the least similarity, 0–100. A larger gallery needs a higher one (`docs/accuracy.md`).
            most: the most faces to find.

        Raises:
            NoFaceError: the image shows no face.
            As `Faces.detect`.
        """
        answer = self._call(
            "SearchFacesByImage", Image={"Bytes": encoded(image)}, FaceMatchThreshold=threshold, MaxFaces=most
        )
        faces = [(match["Similarity"], match["Face"]) for match in answer["FaceMatches"]]
        return [Found(similarity, _name(face), UUID(face["FaceId"])) for similarity, face in faces]

    def portraits(self, faces: Sequence[UUID]) -> dict[UUID, bytes]:
        """Returns the portraits of faces as JPEG files, without faces that have none."""
        found: dict[UUID, bytes] = {}
        for start in range(0, len(faces), MOST_PORTRAITS):
            some = [str(face) for face in faces[start : start + MOST_PORTRAITS]]
            for each in self._call("GetPortraits", FaceIds=some)["Portraits"]:
                found[UUID(each["FaceId"])] = b64decode(each["Bytes"])
        return found

    def remove(self, faces: Sequence[UUID]) -> None:
        """Deletes faces; unknown ids are ignored."""
        for start in range(0, len(faces), 4096):
            self._call("DeleteFaces", FaceIds=[str(face) for face in faces[start : start + 4096]])

    def close(self) -> None:
        """Closes the store."""
        self._local.close()

    def __enter__(self) -> "Gallery":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call(self, operation: str, **members: Any) -> dict[str, Any]:
        return self._local.call(operation, {"CollectionId": self._collection} | members)

    def _encoded(self, image: ImageLike) -> bytes:
        return encoded(image)


def encoded(image: ImageLike) -> bytes:
    """Returns an image as the bytes of a file; pixels as a PNG, which is lossless.

    Raises:
        InvalidParameterError: the array is not uint8 (H, W, 3).
        OSError: the file cannot be read.
    """
    if isinstance(image, bytes):
        return image
    if not isinstance(image, np.ndarray):
        return Path(image).read_bytes()
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise InvalidParameterError(f"Pixels must be uint8 (H, W, 3), not {image.dtype} {image.shape}.")
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", bgr, (cv2.IMWRITE_PNG_COMPRESSION, 0))[1].tobytes()


def _name(face: dict[str, Any]) -> str | None:
    written = face.get("ExternalImageId")
    return None if written is None else naming.shown(written)


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
