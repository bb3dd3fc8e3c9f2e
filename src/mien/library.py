"""`from mien import Faces`: face recognition in a program of one's own, without a server, with a server's results."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID

import cv2
import numpy as np
from numpy.typing import NDArray

from mien import app, config, local
from mien.errors import InvalidParameterError, ResourceAlreadyExistsError, SetupError
from mien.face.types import Embedding, Face, Pixels
from mien.operations.context import Caller
from mien.operations.image_faces import FoundFaces, find_faces
from mien.operations.shapes import SEARCH_LIMIT, THRESHOLD, Image

ImageLike = str | os.PathLike[str] | bytes | Pixels


@dataclass(frozen=True, slots=True)
class Match:
    """A face of the second picture of a comparison: its similarity to the first picture's largest face, 0–100."""

    similarity: float
    face: Face


@dataclass(frozen=True, slots=True)
class Found:
    """A face of a gallery that a search found.

    Attributes:
        similarity: 0–100; 80 is what one pair of strangers in 10,000 reaches, 90 one in 100,000.
        name: what it was added under; None for nothing.
        face_id: its id.
    """

    similarity: float
    name: str | None
    face_id: UUID


class Faces:
    """A model pack, opened. Safe to use from many threads; close it, or use it as a context.

    An image is the path of a JPEG or PNG file, the bytes of one, or its pixels: uint8 RGB (H, W, 3). Boxes and
    landmarks are pixels of the upright image.

    Args:
        pack: name of the model pack.
        packs: folder with model files; empty for the cache, or their publishers.
        settings: any other of mien's settings by name, as `threads=1` or `engine="onnx"`; neither the environment nor
            `mien.toml` is read.

    Raises:
        SetupError: the pack cannot be had, does not load or answers wrongly, or a setting is not one.
    """

    def __init__(self, pack: str = "retail", packs: str | os.PathLike[str] = "", **settings: Any) -> None:
        unknown = settings.keys() - {row.name for row in config.TABLE}
        if unknown:
            raise SetupError(f"Unknown setting: {', '.join(sorted(unknown))}.")
        self._settings = config.load(settings | {"pack": pack, "packs": str(packs)}, {"MIEN_CONFIG": os.devnull})
        self._pack = app.open_pack(self._settings)
        self._local = local.scratch(self._settings, self._pack)

    def detect(self, image: ImageLike) -> list[Face]:
        """Find up to 100 faces, the largest first.

        Raises:
            InvalidImageFormatError, ImageTooLargeError, InvalidParameterError: it is no image that mien takes.
            OSError: the file cannot be read.
        """
        return self._look(image).faces

    def embed(self, image: ImageLike | Sequence[Face]) -> Embedding:
        """Embed all faces of an image, or faces that `detect` gave, in their order.

        Returns:
            float32 (N, D), each row of length 1; the product of two is their cosine.

        Raises:
            As `detect`.
        """
        faces = list(image) if isinstance(image, list | tuple) else self.detect(image)  # type: ignore[arg-type]
        return self._pack.pipeline.embed(faces)

    def similarity(self, cosines: NDArray[np.floating] | float) -> NDArray[np.float64]:
        """What cosines of this pack's embeddings mean, 0–100; 80 is what one pair of strangers in 10,000 reaches."""
        return self._pack.calibration.similarity(cosines)

    def compare(self, one: ImageLike, other: ImageLike) -> list[Match]:
        """Compare the largest face of one image with every face of another; the most similar first.

        Raises:
            InvalidParameterError: there is no face in one of them.
            As `detect`.
        """
        source, targets = self.detect(one), self.detect(other)
        if not (source and targets):
            raise InvalidParameterError("There is no face in one of the images.")
        probe, *others = self._pack.pipeline.embed([source[0], *targets])
        similarities = self.similarity(np.stack(others) @ probe)
        found = [Match(float(np.float32(value)), face) for value, face in zip(similarities, targets, strict=True)]
        return sorted(found, key=lambda match: -match.similarity)

    def gallery(self, folder: str | os.PathLike[str] | None = None, collection: str = "faces") -> "Gallery":
        """Open a gallery: faces to search among.

        Args:
            folder: a data directory, as `mien serve --data` takes it, made if it is not there; None for a gallery that
                is gone when this is closed.
            collection: name of the collection in it, made if it is not there.

        Raises:
            SetupError: the folder cannot be used, or a server or another gallery uses it.
            InvalidParameterError: the collection was made with another pack.
        """
        if folder is None:
            return Gallery(local.scratch(self._settings, self._pack), collection)
        settings = config.load({"data": str(folder)}, {"MIEN_CONFIG": os.devnull})
        return Gallery(local.of_store(settings, self._pack, alone=True), collection)

    def close(self) -> None:
        """Let go of everything but the galleries, which are closed one by one."""
        self._local.close()

    def __enter__(self) -> "Faces":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _look(self, image: ImageLike) -> FoundFaces:
        return find_faces(self._local.context, Caller(), Image(bytes=encoded(image)))


class Gallery:
    """A collection of faces. Safe to use from many threads; close it, or use it as a context."""

    def __init__(self, over: local.Local, collection: str) -> None:
        self._over = over
        self._collection = collection
        try:
            self._call("CreateCollection")
        except ResourceAlreadyExistsError:
            pass
        except BaseException:
            over.close()
            raise
        try:
            over.context.comparable(over.caller, collection)
        except BaseException:
            over.close()
            raise

    def __len__(self) -> int:
        """How many faces it holds."""
        return int(self._call("DescribeCollection")["FaceCount"])

    def add(self, image: ImageLike, name: str | None = None, most: int | None = None) -> list[UUID]:
        """Add the faces of an image that are good enough (the quality filter AUTO of the API).

        Args:
            image: the image. One that was added before under the same name is not added twice.
            name: what to call it: letters, digits and `_.-:`.
            most: how many faces to add at most, the best ones.

        Returns:
            The faces' ids; empty where no face is good enough.

        Raises:
            ValidationError: the name has other characters.
            As `Faces.detect`.
        """
        answer = self._call(
            "IndexFaces", Image={"Bytes": encoded(image)}, **_given(ExternalImageId=name, MaxFaces=most)
        )
        return [UUID(record["Face"]["FaceId"]) for record in answer["FaceRecords"]]

    def search(self, image: ImageLike, threshold: float = THRESHOLD, most: int = SEARCH_LIMIT) -> list[Found]:
        """Find the faces that are like the largest face of an image, the most similar first.

        Args:
            image: the image.
            threshold: the least similarity, 0–100. The more people a gallery holds the more it needs; the README says.
            most: how many to find at most.

        Raises:
            NoFaceError: the image shows no face.
            As `Faces.detect`.
        """
        answer = self._call(
            "SearchFacesByImage", Image={"Bytes": encoded(image)}, FaceMatchThreshold=threshold, MaxFaces=most
        )
        return [
            Found(match["Similarity"], match["Face"].get("ExternalImageId"), UUID(match["Face"]["FaceId"]))
            for match in answer["FaceMatches"]
        ]

    def remove(self, faces: Sequence[UUID]) -> None:
        """Forget faces; ids that it does not hold are passed over."""
        for start in range(0, len(faces), 4096):
            self._call("DeleteFaces", FaceIds=[str(face) for face in faces[start : start + 4096]])

    def close(self) -> None:
        """Let go of the store."""
        self._over.close()

    def __enter__(self) -> "Gallery":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call(self, operation: str, **members: Any) -> dict[str, Any]:
        return self._over.call(operation, {"CollectionId": self._collection} | members)


def encoded(image: ImageLike) -> bytes:
    """An image as the bytes of a file; pixels as a PNG, which loses nothing.

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


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
